// SPDX-License-Identifier: Apache-2.0
// The response of a Lambda function as an HTTP response: `{statusCode, headers, cookies, body, isBase64Encoded}`, or
// any other JSON. Dispatcher calls it.

import FoundationEssentials
import HTTPTypes
package import NIOCore

/// Status, fields and body that a function's JSON describes.
package struct LambdaAnswer: Hashable, Sendable {
    package var head: ResponseHead
    package var body: ByteBuffer

    /// Reads a response that is whole.
    ///
    /// - Parameters:
    ///   - payload: of the function.
    ///   - isHTTP: whether it may describe an HTTP response; else it is the body as it is.
    /// - Throws: ``ResponseFault``.
    package init(_ payload: ByteBuffer, isHTTP: Bool) throws(ResponseFault) {
        guard isHTTP, let fields = try Self.fields(payload) else {
            head = ResponseHead(fields: [.contentType: "application/json"])
            body = payload
            return
        }
        head = try ResponseHead(fields, defaultType: "application/json")
        guard fields.isBase64Encoded ?? false else {
            body = ByteBuffer(string: fields.body ?? "")
            return
        }
        guard let bytes = Data(base64Encoded: fields.body ?? "") else { throw .badBase64 }
        body = ByteBuffer(bytes: bytes)
    }

    /// What the payload describes; nil when it is any other JSON.
    private static func fields(_ payload: ByteBuffer) throws(ResponseFault) -> LambdaResponseFields? {
        do {
            return try JSONDecoder().decode(Form.self, from: Data(payload.readableBytesView)).fields
        } catch {
            throw error as? ResponseFault ?? .notJSON
        }
    }

    /// Any JSON; fields when it describes a response.
    private struct Form: Decodable {
        var fields: LambdaResponseFields?

        private struct Probe: Decodable {
            var isResponse = false

            private enum CodingKeys: String, CodingKey { case statusCode }

            init(from decoder: any Decoder) throws {
                guard let values = try? decoder.container(keyedBy: CodingKeys.self) else { return }
                isResponse = values.contains(.statusCode)
            }
        }

        init(from decoder: any Decoder) throws {
            guard try Probe(from: decoder).isResponse else { return }
            guard let fields = try? LambdaResponseFields(from: decoder) else {
                throw ResponseFault.badResponseForm
            }
            self.fields = fields
        }
    }
}

/// The members of a response, and of the prelude of a streamed one.
struct LambdaResponseFields: Decodable {
    /// A header field's value: a text, a number or a truth value.
    struct Value: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self.text = text
            } else if let number = try? value.decode(Int.self) {
                text = String(number)
            } else {
                text = String(try value.decode(Bool.self))
            }
        }
    }

    var statusCode: Value?
    var headers: [String: Value]?
    var cookies: [String]?
    var body: String?
    var isBase64Encoded: Bool?
}

extension ResponseHead {
    /// Fields that the connection to the client has of its own (RFC 9110, section 7.6.1), and the length, which is
    /// counted.
    private static let own: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "content-length", "date",
    ]

    /// The head that a response names.
    ///
    /// - Throws: ``ResponseFault`` when a status or a field cannot be sent.
    init(_ response: LambdaResponseFields, defaultType: String) throws(ResponseFault) {
        self.init()
        if let code = response.statusCode {
            guard let status = Int(code.text), (200...599).contains(status) else { throw .statusCode }
            self.status = status
        }
        for (name, value) in (response.headers ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let name = HTTPField.Name(name) else { throw .badField }
            guard !Self.own.contains(name.canonicalName) else { continue }
            try append(name, value.text)
        }
        for cookie in response.cookies ?? [] { try append(.setCookie, cookie) }
        if fields[.contentType] == nil { fields[.contentType] = defaultType }
    }

    private mutating func append(_ name: HTTPField.Name, _ value: String) throws(ResponseFault) {
        guard HTTPField.isValidValue(value) else { throw .badField }
        fields.append(HTTPField(name: name, value: value))
    }
}
