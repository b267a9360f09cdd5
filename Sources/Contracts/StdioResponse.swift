// SPDX-License-Identifier: Apache-2.0
// The `stdio` contract's answer: all output is the body, and the head comes from the configuration.

import HTTPTypes
import NIOCore

/// The head of a `stdio` function's answer.
struct StdioResponse: Hashable, Sendable {
    private static let eventStreamType = "text/event-stream"
    private static let unknownType = "application/octet-stream"
    /// How a line of an event stream begins: a field, or a comment (HTML, section 9.2.6).
    private static let eventBeginnings = ["data:", "event:", "id:", "retry:", ":"].map { Array($0.utf8) }

    /// `content_type` of the function; nil without one.
    let contentType: String?
    /// The request's Accept field.
    let accept: String?

    /// Status 200 and a content type.
    ///
    /// A function without a type may write events: its first output shows whether it does.
    func head(before output: ByteBuffer) -> ResponseHead {
        ResponseHead(fields: [.contentType: contentType ?? type(of: output)])
    }

    /// `text/event-stream` when the client asks for it and the output begins as one.
    private func type(of output: ByteBuffer) -> String {
        guard let accept, accept.contains(Self.eventStreamType) else { return Self.unknownType }
        let bytes = output.readableBytesView
        return Self.eventBeginnings.contains { bytes.starts(with: $0) }
            ? Self.eventStreamType : Self.unknownType
    }
}
