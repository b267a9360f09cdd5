// SPDX-License-Identifier: Apache-2.0
// An error that a runtime reports: `{"errorMessage", "errorType", "stackTrace"}`. LambdaRuntime reads it.

import FoundationEssentials
package import NIOCore

/// Why an invocation or an initialisation failed, in the function's own words.
package struct RuntimeFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Longest part of a type or message that is repeated; a log line holds both.
    static let textBytesMax = 4 << 10

    package var type: String
    package var message: String
    /// What the runtime sent: JSON for the caller of an event; empty when it is not JSON.
    package var report = ByteBuffer()

    private struct Report: Decodable {
        var errorMessage: String?
        var errorType: String?
    }

    /// Reads a report; what is not one is an error without a message.
    ///
    /// - Parameters:
    ///   - header: of Lambda-Runtime-Function-Error-Type; counts when the body names no type.
    ///   - body: of the request.
    package init(header: String?, body: ByteBuffer) {
        let report = try? JSONDecoder().decode(Report.self, from: Data(body.readableBytesView))
        type = Self.line(report?.errorType ?? header ?? "Unknown")
        message = Self.line(report?.errorMessage ?? "")
        if report != nil { self.report = body }
    }

    /// Reads the trailer fields of an answer that failed inside its body.
    ///
    /// - Parameters:
    ///   - type: of Lambda-Runtime-Function-Error-Type.
    ///   - body: of Lambda-Runtime-Function-Error-Body, in Base64.
    package init(trailerType type: String, body: String?) {
        let bytes = body.flatMap { Data(base64Encoded: $0) } ?? Data()
        self.init(header: type, body: ByteBuffer(bytes: bytes))
    }

    package var description: String { message.isEmpty ? type : "\(type): \(message)" }

    /// One line of bounded length without control characters.
    private static func line(_ text: String) -> String {
        let bytes = text.utf8.prefix(textBytesMax).map { $0 < 32 || $0 == 127 ? UInt8(ascii: " ") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}
