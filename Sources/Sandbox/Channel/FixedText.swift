// SPDX-License-Identifier: Apache-2.0
// Text into the fixed arrays of the wire contract.

enum FixedText {
    /// Copies `text` with its NUL into a C array; false when it does not fit or holds a NUL.
    static func copy<Storage>(_ text: String, into storage: inout Storage) -> Bool {
        var bytes = Array(text.utf8)
        guard !bytes.contains(0), bytes.count < MemoryLayout<Storage>.size else { return false }
        bytes.append(0)
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
        return true
    }
}
