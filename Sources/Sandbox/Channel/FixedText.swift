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

    /// What is before the first NUL of a C array; nil for nothing.
    static func text<Storage>(of storage: Storage) -> String? {
        withUnsafeBytes(of: storage) { bytes in
            let text = bytes.prefix { $0 != 0 }
            return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
        }
    }

    /// Copies texts one after the other, each with its NUL; false when they do not fit or one holds a NUL.
    static func copy<Storage>(_ texts: [String], into storage: inout Storage) -> Bool {
        var bytes: [UInt8] = []
        for text in texts {
            guard !text.utf8.contains(0) else { return false }
            bytes += text.utf8
            bytes.append(0)
        }
        guard bytes.count <= MemoryLayout<Storage>.size else { return false }
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
        return true
    }
}
