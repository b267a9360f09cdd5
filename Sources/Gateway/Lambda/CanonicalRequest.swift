// SPDX-License-Identifier: Apache-2.0
// The one text of a request that client and gateway sign. SignatureV4 hashes it.

import Contracts
import FunctionModel
import HTTPTypes
import OCI

/// AWS's canonical form of a request.
struct CanonicalRequest: Hashable, Sendable {
    let text: String

    /// - Parameters:
    ///   - head: as it was sent.
    ///   - signedFields: names in lower case.
    ///   - payload: the body's hash, or `UNSIGNED-PAYLOAD`.
    init(_ head: HTTPRequest, _ signedFields: [String], payload: String) {
        let target = head.path ?? "/"
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let lines = [
            head.method.rawValue, Self.path(target[..<mark]), Self.query(target[mark...].dropFirst()),
        ]
        let fields = signedFields.map { $0 + ":" + Self.value(of: $0, head) }
        text = (lines + fields + ["", signedFields.joined(separator: ";"), payload]).joined(separator: "\n")
    }

    /// SHA-256 of the text, in lower-case hexadecimal digits.
    var hash: String { Digest(of: text.utf8).hex }

    /// Values of one name with commas between; spaces around and runs of them within do not count.
    private static func value(of name: String, _ head: HTTPRequest) -> String {
        if name == "host" { return head.authority ?? "" }
        guard let name = HTTPField.Name(name) else { return "" }
        return head.headerFields[values: name].map { value in
            value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
        }.joined(separator: ",")
    }

    /// The path without `.`, `..` and empty segments, as it was sent and then encoded once more.
    static func path(_ path: Substring) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let last = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let isFolder = last.isEmpty && !segments.isEmpty
        return encoded("/" + segments.joined(separator: "/") + (isFolder ? "/" : ""), keepsSlash: true)
    }

    /// Parameters by name, then by value, both encoded.
    static func query(_ query: Substring) -> String {
        let pairs = query.split(separator: "&").map { pair -> (String, String) in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (uniform(parts[0]), parts.count > 1 ? uniform(parts[1]) : "")
        }
        return pairs.sorted { $0 < $1 }.map { $0.0 + "=" + $0.1 }.joined(separator: "&")
    }

    /// A text encoded as AWS does it, however the client encoded it.
    private static func uniform(_ text: Substring) -> String {
        // What cannot be decoded stays as it was sent: it then equals no client's signature.
        encoded(PercentDecoding.decode(text) ?? String(text), keepsSlash: false)
    }

    private static let unreserved = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8
    )
    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func encoded(_ text: String, keepsSlash: Bool) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if unreserved.contains(byte) || keepsSlash && byte == UInt8(ascii: "/") {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
