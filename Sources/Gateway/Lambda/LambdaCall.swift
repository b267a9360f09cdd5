// SPDX-License-Identifier: Apache-2.0
// One request to AWS Lambda's API, with what its handlers ask for. LambdaAPI makes it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird

/// A request whose operation is known and whose caller may use it.
struct LambdaCall: Sendable {
    let request: Request
    let context: OwnContext
    let route: LambdaRoute

    /// The function that the path names.
    ///
    /// - Throws: ``LambdaError``.
    func reference() throws(LambdaError) -> FunctionReference {
        let reference = try FunctionReference(route.function, qualifier: qualifier)
        context.audit?.about("function \(reference.name)")
        return reference
    }

    /// The version or alias that the query names; an empty one names none.
    var qualifier: String? { context.query("Qualifier").flatMap { $0.isEmpty ? nil : $0 } }

    /// The function that the path names, of which no version or alias may be meant.
    ///
    /// - Throws: ``LambdaError``.
    func wholeFunction() throws(LambdaError) -> FunctionName {
        let reference = try reference()
        guard reference.qualifier == nil else {
            throw .parameter(
                "Qualifier: '\(reference.qualifier ?? "")' is not valid here, expected the function without a version"
            )
        }
        return reference.name
    }

    /// The body.
    ///
    /// - Throws: ``Problem`` naming the field that is wrong.
    func body<Body: StrictBody>(_ type: Body.Type) async throws -> Body {
        try await WireJSON.decode(type, request, bytesMax: route.operation.bodyBytesMax)
    }

    /// The same, where a request without a body says nothing.
    func optionalBody<Body: StrictBody>(_ type: Body.Type, _ absent: Body) async throws -> Body {
        let bytes = try await request.body.collect(upTo: route.operation.bodyBytesMax)
        guard bytes.readableBytes > 0 else { return absent }
        let request = Request(head: request.head, body: RequestBody(buffer: bytes))
        return try await WireJSON.decode(type, request, bytesMax: route.operation.bodyBytesMax)
    }

    /// Which part of a list the caller wants.
    ///
    /// - Throws: ``LambdaError`` when `MaxItems` is out of range.
    func page(itemsMax: Int) throws(LambdaError) -> LambdaPage {
        var page = LambdaPage(count: itemsMax)
        if let text = context.query("MaxItems") {
            guard let count = Int(text), (1...10_000).contains(count) else {
                throw .parameter("MaxItems: '\(text.prefix(16))' is not valid, expected 1 to 10000")
            }
            page.count = min(count, itemsMax)
        }
        page.after = context.query("Marker").flatMap { $0.isEmpty ? nil : $0 }
        return page
    }

    /// An answer with a body of AWS's form.
    static func answer(_ value: some Encodable, _ status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: MediaName.json],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try LambdaJSON.encode(value)))
        )
    }

    static let done = Response(status: .noContent)
}

/// A part of a sorted list.
struct LambdaPage: Hashable, Sendable {
    var count: Int
    /// Items up to this one came before.
    var after: String?

    /// The items of the part, and the marker of the next one; nil at the end.
    func cut<Item>(_ items: [Item], key: (Item) -> String) -> (items: [Item], next: String?) {
        var rest = items[...]
        if let after { rest = rest.drop { key($0) <= after } }
        let part = rest.prefix(count)
        return (Array(part), part.count < rest.count ? part.last.map(key) : nil)
    }
}
