// SPDX-License-Identifier: Apache-2.0
// Certificates that answer the challenges of an authority in a handshake of their own protocol (RFC 8737). TLSServer
// fills it; the callbacks of TLSContext ask it.

import COpenSSL
import Synchronization

/// Challenges that are open now, by name.
final class TLSChallenges: Sendable {
    /// What a client offers by ALPN that checks a challenge, and nothing else.
    static let protocolName = "acme-tls/1"
    /// Open challenges at once: one for each certificate.
    static let countMax = TLSContext.identitiesMax

    private let identities = Mutex<[String: TLSIdentity]>([:])
    private let count = Atomic(0)

    /// Whether any is open: asked in every handshake.
    var areOpen: Bool { count.load(ordering: .relaxed) > 0 }

    /// Shows a certificate to clients that check the challenge of a name; false when too many are open.
    func show(_ identity: TLSIdentity, for name: String) -> Bool {
        identities.withLock { identities in
            guard identities[name] != nil || identities.count < Self.countMax else { return false }
            identities[name] = identity
            count.store(identities.count, ordering: .relaxed)
            return true
        }
    }

    /// Shows it no more.
    func hide(_ name: String) {
        identities.withLock { identities in
            identities[name] = nil
            count.store(identities.count, ordering: .relaxed)
        }
    }

    /// The certificate for a name in lower case; nil when its challenge is not open.
    func identity(for name: String) -> TLSIdentity? { identities.withLock { $0[name] } }
}

/// Two extensions of a client's first message, as they are on the wire.
enum ClientHelloFields {
    /// Names of ALPN (RFC 7301, section 3.1): the list after two bytes with its length.
    ///
    /// - Returns: nothing of a malformed list.
    static func protocols(_ field: UnsafeBufferPointer<UInt8>) -> [String] {
        guard field.count >= 2, Int(field[0]) << 8 | Int(field[1]) == field.count - 2 else { return [] }
        return ProtocolList.names(UnsafeBufferPointer(rebasing: field[2...])).map(\.name)
    }

    /// The host that the client asks for (RFC 6066, section 3), in lower case.
    ///
    /// - Returns: nil unless there is exactly one.
    static func host(_ field: UnsafeBufferPointer<UInt8>) -> String? {
        guard field.count > 5, Int(field[0]) << 8 | Int(field[1]) == field.count - 2, field[2] == hostType,
            Int(field[3]) << 8 | Int(field[4]) == field.count - 5
        else { return nil }
        return String(decoding: field[5...], as: UTF8.self).lowercased()
    }

    private static let hostType: UInt8 = 0

    /// An extension of the message that a connection is reading; only within the callback for that message.
    static func read<Value>(
        _ type: Int32,
        of connection: OpaquePointer,
        _ body: (UnsafeBufferPointer<UInt8>) -> Value?
    ) -> Value? {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        guard SSL_client_hello_get0_ext(connection, UInt32(type), &bytes, &count) == 1 else { return nil }
        return body(UnsafeBufferPointer(start: bytes, count: count))
    }
}
