// SPDX-License-Identifier: Apache-2.0
// A body in chunks (RFC 9112, section 7.1). RequestParser keeps one while such a body comes.

import NIOCore

/// Where in a chunked body the connection is.
struct ChunkedBody: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        case size
        case data(left: Int)
        case dataEnd
        case trailers
    }

    private var state = State.size
    private var trailerBytes = 0

    /// Bytes of a chunk's size with its extensions, which are ignored: as much as any client sends.
    private static let sizeLineMax = 256
    /// Trailer fields together; they are checked and dropped.
    private static let trailerBytesMax = 16 << 10
    /// Digits of a size: 15 are a petabyte, and cannot overflow.
    private static let digitsMax = 15

    /// Takes one event's bytes off a buffer.
    mutating func next(_ buffer: inout ByteBuffer) throws(RequestRefusal) -> RequestParser.Event {
        while true {
            switch state {
            case .size:
                guard let line = try Self.line(&buffer, max: Self.sizeLineMax, .chunk) else { return .more }
                let size = try Self.size(line)
                state = size == 0 ? .trailers : .data(left: size)
            case .data(let left):
                guard let piece = buffer.readSlice(length: min(left, buffer.readableBytes)),
                    piece.readableBytes > 0
                else { return .more }
                state = left == piece.readableBytes ? .dataEnd : .data(left: left - piece.readableBytes)
                return .body(piece)
            case .dataEnd:
                guard let line = try Self.line(&buffer, max: 0, .chunk) else { return .more }
                guard line.readableBytes == 0 else { throw .malformed(.chunk) }
                state = .size
            case .trailers:
                let left = Self.trailerBytesMax - trailerBytes
                guard let line = try Self.line(&buffer, max: left, .trailer) else { return .more }
                if line.readableBytes == 0 { return .end }
                trailerBytes += line.readableBytes + 2
                try Self.check(trailer: line)
            }
        }
    }

    /// A whole line without its CR LF; nil when it has not come whole.
    private static func line(_ buffer: inout ByteBuffer, max: Int, _ mistake: RequestRefusal.Mistake)
        throws(RequestRefusal) -> ByteBuffer?
    {
        let (end, isClean, count) = buffer.withUnsafeReadableBytes { bytes -> (Int?, Bool, Int) in
            guard let end = bytes.firstLineFeed(from: 0) else { return (nil, true, bytes.count) }
            return (end, end > 0 && bytes[end - 1] == 0x0d, end - 1)
        }
        guard isClean else { throw .malformed(mistake) }
        // An incomplete line may end with a CR.
        guard count <= max + (end == nil ? 1 : 0) else { throw .malformed(mistake) }
        guard end != nil, let line = buffer.readSlice(length: count) else { return nil }
        buffer.moveReaderIndex(forwardBy: 2)
        return line
    }

    /// Hexadecimal digits, then perhaps extensions: nothing else, not even a sign.
    private static func size(_ line: ByteBuffer) throws(RequestRefusal) -> Int {
        var size = 0
        var digits = 0
        var rest = line.readableBytesView[...]
        while let byte = rest.first, let digit = hexadecimal(byte) {
            size = size << 4 | digit
            digits += 1
            guard digits <= digitsMax else { throw .malformed(.chunk) }
            rest = rest.dropFirst()
        }
        while let byte = rest.first, byte == 0x20 || byte == 0x09 { rest = rest.dropFirst() }
        guard digits > 0, rest.isEmpty || rest.first == UInt8(ascii: ";"),
            rest.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 })
        else { throw .malformed(.chunk) }
        return size
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    private static func check(trailer line: ByteBuffer) throws(RequestRefusal) {
        let isField = line.withUnsafeReadableBytes { bytes -> Bool in
            do throws(RequestRefusal) {
                _ = try FieldLine.parse(bytes)
                return true
            } catch {
                return false
            }
        }
        guard isField else { throw .malformed(.trailer) }
    }
}
