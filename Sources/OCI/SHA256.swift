// SPDX-License-Identifier: Apache-2.0
// SHA-256 over a stream, by OpenSSL's EVP interface. Everything that reads content drives one of these.

import COpenSSL
package import FunctionModel

/// One running hash; owns its OpenSSL context.
// SAFETY: the context has one owner, which is not copyable; OpenSSL keeps no thread-local state in it.
package struct SHA256: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// Starts a hash.
    package init() {
        // OpenSSL fails here only when memory is gone or libcrypto is broken: nothing could be verified any more.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL cannot start SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let result = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(result == 1, "OpenSSL cannot go on with SHA-256")
    }

    /// Adds bytes.
    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Ends the hash and gives its digest.
    package consuming func finish() -> Digest { Digest(hash: finishBytes()) }

    /// Ends the hash and gives its 32 bytes.
    package consuming func finishBytes() -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 32)
        let result = EVP_DigestFinal_ex(context, &hash, nil)
        precondition(result == 1, "OpenSSL cannot finish SHA-256")
        return hash
    }
}
