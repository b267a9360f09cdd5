// SPDX-License-Identifier: Apache-2.0
// JSON bodies in requests and answers. The API handlers drive it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird

/// Encodes answers and decodes requests, whose unknown keys it refuses.
enum WireJSON {
    /// An answer with a JSON body.
    ///
    /// - Throws: what the encoder throws; the types here give it no reason to.
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: MediaName.json],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try APIJSON.encode(value)))
        )
    }

    /// A request body.
    ///
    /// - Throws: ``Problem`` naming the field that is wrong; 413 when the body is longer than `bytesMax`.
    static func decode<Value: StrictBody>(_ type: Value.Type, _ request: Request, bytesMax: Int) async throws
        -> Value
    {
        try await decodePlaced(type, request, bytesMax: bytesMax).value
    }

    /// The same with the places of its keys, for mistakes that are found later.
    static func decodePlaced<Value: StrictBody>(_ type: Value.Type, _ request: Request, bytesMax: Int)
        async throws -> (value: Value, places: JSONPlaces)
    {
        let buffer = try await request.body.collect(upTo: bytesMax)
        do {
            let value = try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
            let places = JSONPlaces(buffer.readableBytesView, keys: type.keys)
            if let mistake = places.mistake { throw Problem(400, .invalid, mistake) }
            return (value, places)
        } catch let error as ModelError {
            throw Problem(error)
        } catch let error as DecodingError {
            throw Problem(400, .invalid, describe(error))
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            let text = context.codingPath.map(\.stringValue).joined(separator: ".")
            return text.isEmpty ? "the body" : "'\(text)'"
        }
        switch error {
        case .keyNotFound(let key, _): return "'\(key.stringValue)' is missing"
        case .valueNotFound(_, let context): return "\(path(context)) is null"
        case .typeMismatch(_, let context): return "\(path(context)) is of another type than expected"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: return "the body is not JSON"
        case .dataCorrupted(let context): return "\(path(context)): \(context.debugDescription)"
        @unknown default: return "the body cannot be decoded"
        }
    }
}
