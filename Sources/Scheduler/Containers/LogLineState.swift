// SPDX-License-Identifier: Apache-2.0
// From pieces of output to the lines of a container's log: decisions without IO. ContainerLog drives it.

import FoundationEssentials
import NIOCore

/// Splits two streams into lines and writes each as JSON.
struct LogLineState {
    /// A longer line is split, as Docker's log driver does it: a program without line ends needs a bound too.
    static let lineBytesMax = 16 * 1024

    enum Stream: String {
        case output = "stdout"
        case errors = "stderr"
    }

    private var open: [Stream: [UInt8]] = [:]

    /// Takes a piece.
    ///
    /// - Parameters:
    ///   - bytes: of one stream.
    ///   - stream: which.
    ///   - time: of its arrival, as ``time(_:)`` has it.
    /// - Returns: the lines that are complete now, as they are written.
    mutating func add(_ bytes: ByteBufferView, _ stream: Stream, at time: String) -> [UInt8] {
        var written: [UInt8] = []
        var line = open[stream] ?? []
        var rest = bytes[...]
        while !rest.isEmpty {
            let space = rest.prefix(Self.lineBytesMax - line.count)
            let end = space.firstIndex(of: UInt8(ascii: "\n"))
            let part = space[..<(end.map { $0 + 1 } ?? space.endIndex)]
            line += part
            rest = rest[part.endIndex...]
            guard end != nil || line.count >= Self.lineBytesMax else { continue }
            Self.write(line, stream, time, to: &written)
            line.removeAll(keepingCapacity: true)
        }
        open[stream] = line
        return written
    }

    /// The container has ended.
    ///
    /// - Returns: what is left without a line's end.
    mutating func finish(at time: String) -> [UInt8] {
        var written: [UInt8] = []
        for stream in [Stream.output, .errors] {
            if let line = open[stream], !line.isEmpty { Self.write(line, stream, time, to: &written) }
        }
        open = [:]
        return written
    }

    /// The members are Docker's; the time comes first, where a reader finds it without decoding.
    private static func write(_ line: [UInt8], _ stream: Stream, _ time: String, to text: inout [UInt8]) {
        text += #"{"time":""#.utf8
        text += time.utf8
        text += #"","stream":""#.utf8
        text += stream.rawValue.utf8
        text += #"","log":""#.utf8
        if line.dropLast().allSatisfy(isPlain), let last = line.last, isPlain(last) || last == 10 {
            text += line.dropLast()
            if last == 10 { text += #"\n"#.utf8 } else { text.append(last) }
        } else {
            escape(line, to: &text)
        }
        text += "\"}\n".utf8
    }

    /// Whether a byte stands for itself in JSON.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Bytes that are no UTF-8 become U+FFFD: JSON has no others.
    private static func escape(_ line: [UInt8], to text: inout [UInt8]) {
        for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": text += #"\""#.utf8
            case "\\": text += #"\\"#.utf8
            case "\n": text += #"\n"#.utf8
            case "\r": text += #"\r"#.utf8
            case "\t": text += #"\t"#.utf8
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += #"\u"#.utf8
                text += String(repeating: "0", count: 4 - digits.utf8.count).utf8
                text += digits.utf8
            default: text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
    }

    /// Where a line's time begins and how long it is.
    private static let timePlace = 9..<39

    /// A moment in the form of RFC 3339, in UTC, with nine digits: texts sort as moments do.
    static func time(_ date: Date) -> String {
        let whole = date.timeIntervalSince1970.rounded(.down)
        let nanoseconds = Int(((date.timeIntervalSince1970 - whole) * 1e9).rounded(.down))
        let seconds = Date(timeIntervalSince1970: whole).formatted(.iso8601)
        let digits = String(max(0, min(999_999_999, nanoseconds)))
        let zeros = String(repeating: "0", count: 9 - digits.utf8.count)
        return "\(seconds.dropLast()).\(zeros)\(digits)Z"
    }

    /// The time in a written line; nil for what is no line of a log.
    static func time(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard line.count > timePlace.upperBound else { return nil }
        return line[(line.startIndex + timePlace.lowerBound)..<(line.startIndex + timePlace.upperBound)]
    }
}
