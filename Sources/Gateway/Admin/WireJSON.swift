// SPDX-License-Identifier: Apache-2.0
// The JSON form of every API of the gateway. The API handlers drive it.

import FoundationEssentials
import FunctionModel
import HTTPTypes
import Hummingbird

/// Encodes and decodes bodies.
enum WireJSON {
    /// An answer with a JSON body.
    ///
    /// - Throws: what the encoder throws; the types here give it no reason to.
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encode(value)))
        )
    }

    /// One value, keys sorted, times in RFC 3339 with milliseconds.
    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(timestamp(date))
        }
        return try encoder.encode(value)
    }

    static func timestamp(_ date: Date) -> String {
        Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(date)
    }

    /// A time in RFC 3339, with or without fractions of a second.
    static func date(_ text: String) -> Date? {
        for fractional in [true, false] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: fractional)
            // Either form is accepted: the other one's error says nothing.
            if let date = try? style.parse(text) { return date }
        }
        return nil
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
        @unknown default: return "the body is not understood"
        }
    }
}
