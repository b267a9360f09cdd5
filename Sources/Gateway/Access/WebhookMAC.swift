// SPDX-License-Identifier: Apache-2.0
// HMAC with SHA-256 (RFC 2104) over OCI's hash. WebhookCheck, SignatureV4 and AccessKeys drive it.

import FunctionModel
import OCI

/// One running code.
struct WebhookMAC: ~Copyable {
    private static let blockBytes = 64

    private var inner = SHA256()
    private var outer = SHA256()

    /// Starts a code with a key of any length.
    init(key: [UInt8]) {
        var block = key
        if block.count > Self.blockBytes {
            var hash = SHA256()
            hash.update(key)
            block = hash.finishBytes()
        }
        block += [UInt8](repeating: 0, count: Self.blockBytes - block.count)
        inner.update(block.map { $0 ^ 0x36 })
        outer.update(block.map { $0 ^ 0x5c })
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { inner.update(bytes) }

    mutating func update(_ bytes: [UInt8]) { inner.update(bytes) }

    /// The code as 64 lower-case hexadecimal digits.
    consuming func finish() -> String { Digest(hash: finishBytes()).hex }

    /// The 32 bytes of the code.
    consuming func finishBytes() -> [UInt8] {
        outer.update(inner.finishBytes())
        return outer.finishBytes()
    }
}
