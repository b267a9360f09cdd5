// SPDX-License-Identifier: Apache-2.0
// The key of a function's signatures, read once. FunctionTarget holds one: a changed secret makes a new target.

import FunctionStore
import Synchronization

/// One secret, from its first use on.
final class SigningSecret: Sendable {
    let name: String
    private let value = Mutex<[UInt8]?>(nil)

    init(name: String) { self.name = name }

    /// The key: the secret's bytes without a line break at the end, which editors and `echo` add; nil when there is no
    /// such secret, or it cannot be read.
    func key(_ secrets: any SecretRepository) async -> [UInt8]? {
        if let known = value.withLock({ $0 }) { return known }
        // Why it cannot be read is the same to a caller; the catalogue has told the operator.
        guard var bytes = try? await secrets.read(name) else { return nil }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        value.withLock { $0 = bytes }
        return bytes
    }
}
