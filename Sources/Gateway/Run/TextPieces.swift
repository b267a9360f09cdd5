// SPDX-License-Identifier: Apache-2.0
// Cuts a stream of bytes at ends of characters, as a pure value, so that each piece of UTF-8 text is UTF-8 itself.

import NIOCore

/// Holds back the beginning of a character until its rest comes.
struct TextPieces {
    private var held: [UInt8] = []

    /// A piece was read.
    ///
    /// - Returns: what is complete now; empty when nothing is.
    mutating func add(_ bytes: ByteBuffer) -> [UInt8] {
        var all = held + Array(buffer: bytes)
        let rest = Self.openBytes(all)
        held = Array(all.suffix(rest))
        all.removeLast(rest)
        return all
    }

    /// What is left at the end.
    mutating func finish() -> [UInt8] {
        defer { held = [] }
        return held
    }

    /// Bytes at the end that begin a character and lack its rest; 0 to 3.
    private static func openBytes(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.count - count]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > count ? count : 0
        }
        return 0
    }
}
