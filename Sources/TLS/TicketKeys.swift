// SPDX-License-Identifier: Apache-2.0
// The keys of session tickets, in memory only, and OpenSSL's question for them. TLSContext registers the callback.

import COpenSSL
import Glibc
import Synchronization

/// Keys that every context of a process shares, so that sessions survive a reload of certificates.
final class TicketKeys: Sendable {
    private let state = Mutex(TicketKeyState())

    private static func make() -> TicketKey? {
        var bytes = [UInt8](repeating: 0, count: TicketKey.nameLength + 2 * TicketKey.secretLength)
        guard RAND_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
        let secrets = bytes.dropFirst(TicketKey.nameLength)
        return TicketKey(
            name: Array(bytes.prefix(TicketKey.nameLength)),
            cipherSecret: Array(secrets.prefix(TicketKey.secretLength)),
            hashSecret: Array(secrets.dropFirst(TicketKey.secretLength))
        )
    }

    private static func nowSeconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec)
    }

    /// What OpenSSL expects of its callback.
    private enum Answer {
        static let failed: Int32 = -1
        static let none: Int32 = 0
        static let good: Int32 = 1
        static let renew: Int32 = 2
    }

    /// Prepares encryption of a new ticket: writes the key's name and a fresh vector, and sets up both contexts.
    func encrypt(
        _ name: UnsafeMutablePointer<UInt8>,
        _ vector: UnsafeMutablePointer<UInt8>,
        _ cipher: OpaquePointer,
        _ hash: OpaquePointer
    ) -> Int32 {
        let key = state.withLock { $0.issuing(nowSeconds: Self.nowSeconds(), make: Self.make) }
        guard let key, RAND_bytes(vector, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 else {
            return Answer.none
        }
        name.update(from: key.name, count: key.name.count)
        guard EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipherSecret, vector) == 1,
            Self.prepare(hash, key)
        else { return Answer.failed }
        return Answer.good
    }

    /// Prepares decryption of a client's ticket; `isUsedOnce` as in ``TicketKeyState/accepting(_:isUsedOnce:nowSeconds:)``.
    func decrypt(
        _ name: UnsafePointer<UInt8>,
        _ vector: UnsafePointer<UInt8>,
        _ cipher: OpaquePointer,
        _ hash: OpaquePointer,
        isUsedOnce: Bool
    ) -> Int32 {
        let name = Array(UnsafeBufferPointer(start: name, count: TicketKey.nameLength))
        let key: TicketKey
        let answer: Int32
        let now = Self.nowSeconds()
        switch state.withLock({ $0.accepting(name, isUsedOnce: isUsedOnce, nowSeconds: now) }) {
        case .kept(let found): (key, answer) = (found, Answer.good)
        case .renewed(let found): (key, answer) = (found, Answer.renew)
        case .unknown: return Answer.none
        }
        guard EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.cipherSecret, vector) == 1,
            Self.prepare(hash, key)
        else { return Answer.failed }
        return answer
    }

    private static func prepare(_ hash: OpaquePointer, _ key: TicketKey) -> Bool {
        copenssl_set_hash_key(hash, key.hashSecret, key.hashSecret.count) == 1
    }
}
