// SPDX-License-Identifier: Apache-2.0
// JSON bodies in requests and answers. The API handlers drive it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

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
    /// - Parameters:
    ///   - type: what the body is decoded as.
    ///   - request: has the body.
    ///   - bytesMax: of the body.
    ///   - share: the memory that the body takes as it comes; nil does not count it.
    /// - Returns: the body.
    /// - Throws: ``Problem`` naming the field that is wrong; 413 when the body is longer than `bytesMax`, 503 when
    ///   there is no memory for it.
    static func decode<Value: StrictBody>(
        _ type: Value.Type,
        _ request: Request,
        bytesMax: Int,
        taking share: ByteBudget.Share? = nil
    ) async throws -> Value {
        try await decodePlaced(type, request, bytesMax: bytesMax, taking: share).value
    }

    /// The same with the places of its keys, for mistakes that are found later.
    static func decodePlaced<Value: StrictBody>(
        _ type: Value.Type,
        _ request: Request,
        bytesMax: Int,
        taking share: ByteBudget.Share? = nil
    ) async throws -> (value: Value, places: JSONPlaces) {
        let buffer = try await collect(request, bytesMax, share)
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

    /// The whole body; one that is too long by its own word is not waited for.
    private static func collect(_ request: Request, _ bytesMax: Int, _ share: ByteBudget.Share?) async throws
        -> ByteBuffer
    {
        switch BodyPlan(request.headers, bytesMax: bytesMax) {
        case .tooLarge: throw Problem.bodyTooLarge(bytesMax: bytesMax)
        case .malformed: throw Problem.malformed("the Content-Length is not a number")
        case .none, .whole, .stream: break
        }
        guard let share else { return try await request.body.collect(upTo: bytesMax) }
        var bytes = ByteBuffer()
        for try await var piece in request.body {
            guard share.take(piece.readableBytes) else { throw Problem.runsFull }
            bytes.writeBuffer(&piece)
            guard bytes.readableBytes <= bytesMax else { throw Problem.bodyTooLarge(bytesMax: bytesMax) }
        }
        // A cancelled read looks like the end, but the rest may still come.
        try Task.checkCancellation()
        return bytes
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
