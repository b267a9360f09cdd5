// SPDX-License-Identifier: Apache-2.0
// One header field's line (RFC 9112, section 5). ParsedHead and RequestParser's trailers use it.

import Glibc
import HTTPTypes

/// Parses `name: value`.
enum FieldLine {
    /// The field of a line without its end; a value's bytes stay as they came.
    ///
    /// - Throws: ``RequestRefusal/malformed(_:)``.
    static func parse(_ line: UnsafeRawBufferPointer) throws(RequestRefusal) -> HTTPField {
        // A line that begins with a space would continue the one before: an old form that proxies disagree about.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
        else { throw .malformed(.fieldName) }
        var value = line[(colon + 1)...]
        while let byte = value.first, isSpace(byte) { value = value.dropFirst() }
        while let byte = value.last, isSpace(byte) { value = value.dropLast() }
        var isASCII = true
        for byte in value {
            guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else { throw .malformed(.controlByte) }
            if byte >= 0x80 { isASCII = false }
        }
        let bytes = UnsafeRawBufferPointer(rebasing: value)
        return isASCII
            ? HTTPField(name: name, value: String(decoding: bytes, as: UTF8.self))
            : HTTPField(name: name, value: bytes)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

extension UnsafeRawBufferPointer {
    /// Where the first LF is, at or after an offset.
    func firstLineFeed(from offset: Int) -> Int? {
        guard offset < count, let base = baseAddress,
            let found = memchr(base + offset, 0x0a, count - offset)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
