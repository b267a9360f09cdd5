// SPDX-License-Identifier: Apache-2.0
// Writes the JSON of events, and checks that a body is JSON. HTTPEvent and LambdaInvocation use it.

import FoundationEssentials
import NIOCore

/// One JSON document that is being written, member by member.
struct JSONDocument {
    private(set) var bytes = ByteBuffer()
    private var isFirst = true

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Whether the bytes are one JSON value (RFC 8259).
    static func isWellFormed(_ bytes: ByteBuffer) -> Bool {
        // Values that nothing asks for are not made, only scanned.
        struct Anything: Decodable { init(from decoder: any Decoder) throws {} }
        return (try? JSONDecoder().decode(Anything.self, from: Data(bytes.readableBytesView))) != nil
    }

    mutating func object(_ name: String? = nil, _ members: (inout JSONDocument) -> Void) {
        nest(name, "{", "}", members)
    }

    mutating func array(_ name: String, _ values: some Sequence<String>) {
        nest(name, "[", "]") { document in
            for value in values {
                document.separate()
                document.quote(value.utf8)
            }
        }
    }

    mutating func member(_ name: String, _ value: String) {
        begin(name)
        quote(value.utf8)
    }

    mutating func member(_ name: String, _ value: Bool) {
        begin(name)
        bytes.writeString(value ? "true" : "false")
    }

    mutating func member(_ name: String, _ value: Int64) {
        begin(name)
        bytes.writeString(String(value))
    }

    /// A text whose bytes are known to be UTF-8.
    mutating func member(_ name: String, utf8 value: ByteBufferView) {
        begin(name)
        quote(value)
    }

    private mutating func nest(
        _ name: String?,
        _ open: String,
        _ close: String,
        _ body: (inout JSONDocument) -> Void
    ) {
        if let name { begin(name) }
        bytes.writeString(open)
        isFirst = true
        body(&self)
        bytes.writeString(close)
        isFirst = false
    }

    private mutating func begin(_ name: String) {
        separate()
        quote(name.utf8)
        bytes.writeString(":")
    }

    private mutating func separate() {
        if !isFirst { bytes.writeString(",") }
        isFirst = false
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)

    private mutating func quote(_ text: some Collection<UInt8>) {
        var quoted: [UInt8] = []
        quoted.reserveCapacity(text.count + 2)
        quoted.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                quoted.append(UInt8(ascii: "\\"))
                quoted.append(byte)
            case 0..<32:
                quoted += Array("\\u00".utf8)
                quoted.append(Self.hexadecimal[Int(byte >> 4)])
                quoted.append(Self.hexadecimal[Int(byte & 15)])
            default: quoted.append(byte)
            }
        }
        quoted.append(UInt8(ascii: "\""))
        bytes.writeBytes(quoted)
    }
}
