// SPDX-License-Identifier: Apache-2.0
// A response taken apart byte by byte. WireClient makes it.

/// One HTTP/1 response as it was on the wire.
struct WireAnswer: Sendable {
    var statusLine = ""
    var status = 0
    /// Names in lower case, in order.
    var headers: [(name: String, value: String)] = []
    var bytes: [UInt8] = []
    var trailers: [String: String] = [:]
    /// Whether the body ended as its framing promised.
    var isWhole = false
    /// What followed the response, for pipelined requests and informational heads.
    var rest: [UInt8] = []

    var body: String { String(decoding: bytes, as: UTF8.self) }

    subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

    init(_ data: [UInt8]) {
        var rest = data[...]
        guard let head = Self.head(&rest) else { return }
        statusLine = head.first ?? ""
        status = Int(statusLine.split(separator: " ").dropFirst().first ?? "") ?? 0
        headers = head.dropFirst().compactMap(Self.field)
        if self["transfer-encoding"] == "chunked" {
            dechunk(&rest)
        } else if let length = self["content-length"].flatMap({ Int($0) }) {
            bytes = Array(rest.prefix(length))
            isWhole = bytes.count == length
            rest = rest.dropFirst(length)
        } else {
            bytes = Array(rest)
            isWhole = true
            rest = []
        }
        self.rest = Array(rest)
    }

    private mutating func dechunk(_ rest: inout ArraySlice<UInt8>) {
        while let line = Self.line(&rest) {
            guard let size = Int(line, radix: 16) else { return }
            if size == 0 {
                while let line = Self.line(&rest), !line.isEmpty {
                    if let field = Self.field(line) { trailers[field.name] = field.value }
                }
                isWhole = true
                return
            }
            bytes += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
    }

    private static func head(_ rest: inout ArraySlice<UInt8>) -> [String]? {
        var lines: [String] = []
        while let line = line(&rest) {
            if line.isEmpty { return lines }
            lines.append(line)
        }
        return nil
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
    }

    private static func field(_ line: String) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        return (line[..<colon].lowercased(), String(value))
    }
}
