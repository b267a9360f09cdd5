// SPDX-License-Identifier: Apache-2.0
// The header of a CGI program's output, line by line. CGIResponse makes it from a whole header.

import HTTPTypes
import NIOCore

/// A checked header.
struct CGIHead: Sendable {
    private(set) var response = ResponseHead()
    /// The path that the gateway serves instead, should no body follow; nil when the header does not request that.
    private(set) var localRedirect: String?

    /// Fields that speak of the gateway's connection with its client (RFC 9110, section 7.6.1): the gateway sets
    /// them.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "date",
    ]
    /// Fields that may occur once.
    private static let single: Set<String> = ["status", "location", "content-type", "content-length"]

    /// Parses a header.
    ///
    /// - Parameters:
    ///   - bytes: with the empty line at its end.
    ///   - isNonParsed: whether the first line is HTTP's status line.
    /// - Throws: ``ResponseFault``.
    init(_ bytes: ByteBufferView, isNonParsed: Bool) throws(ResponseFault) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"))[...]
        var status: Int?
        if isNonParsed {
            guard let first = lines.popFirst() else { throw .status }
            status = try Self.statusOfLine(first)
        }
        var seen: Set<String> = []
        for line in lines {
            guard let field = try Self.field(line) else { continue }
            let name = field.name.canonicalName
            if Self.single.contains(name), !seen.insert(name).inserted { throw .duplicate }
            switch name {
            case "status": status = try Self.status(field.value)
            case "transfer-encoding": throw .framing
            case "content-length":
                // HEAD passes it on as it is (RFC 9110, section 8.6: digits alone).
                guard Int(field.value) != nil, field.value.utf8.allSatisfy({ (48...57).contains($0) }) else {
                    throw .length
                }
                response.fields.append(field)
            case _ where Self.hopByHop.contains(name): break
            default: response.fields.append(field)
            }
        }
        guard isNonParsed || !seen.isDisjoint(with: ["status", "location", "content-type"]) else {
            throw .noField
        }
        try decide(status, isNonParsed)
    }

    private mutating func decide(_ status: Int?, _ isNonParsed: Bool) throws(ResponseFault) {
        response.status = status ?? 200
        guard let location = response.fields[.location], !isNonParsed else { return }
        let isPath = location.hasPrefix("/") && !location.hasPrefix("//")
        guard isPath || Self.isReference(location) else { throw .location }
        guard status == nil else { return }
        response.status = 302
        if isPath { localRedirect = location }
    }

    /// Whether a Location is an absolute URI, or a reference that begins with an authority.
    private static func isReference(_ location: String) -> Bool {
        if location.hasPrefix("//") { return true }
        let scheme = location.prefix { $0 != ":" }
        guard scheme.utf8.count < location.utf8.count, let first = scheme.utf8.first else { return false }
        let isLetter = (first | 0x20) >= UInt8(ascii: "a") && (first | 0x20) <= UInt8(ascii: "z")
        return isLetter
            && scheme.utf8.allSatisfy { byte in
                switch byte | 0x20 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                }
            }
    }

    /// One line as a field; nil for the empty line.
    private static func field(_ line: ByteBufferView) throws(ResponseFault) -> HTTPField? {
        let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard !bytes.isEmpty else { return nil }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let name = HTTPField.Name(String(decoding: bytes[..<colon], as: UTF8.self))
        else { throw .line }
        let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        var value = bytes[(colon + 1)...].drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        let isPrintable = value.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }
        guard isPrintable else { throw .line }
        return HTTPField(name: name, value: Array(value))
    }

    /// Three digits, and a reason phrase behind a space (section 6.3.3).
    private static func status(_ text: String) throws(ResponseFault) -> Int {
        let digits = text.prefix { $0 != " " }
        guard digits.utf8.count == 3, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(digits), (200...599).contains(number)
        else { throw .status }
        return number
    }

    /// `HTTP/1.1 200 OK` (RFC 9112, section 4).
    private static func statusOfLine(_ line: ByteBufferView) throws(ResponseFault) -> Int {
        let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("HTTP/1."), let space = text.firstIndex(of: " ") else { throw .status }
        return try status(String(text[text.index(after: space)...]))
    }
}
