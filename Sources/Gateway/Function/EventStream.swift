// SPDX-License-Identifier: Apache-2.0
// Whether output is a stream of events, by its first bytes. Ledger and FunctionStreaming ask it.

import HTTPTypes
import NIOCore

/// The content type of output whose function names none.
enum EventStream {
    static let mediaType = "text/event-stream"
    private static let unknownType = "application/octet-stream"

    /// How a line of an event stream begins: a field, or a comment (HTML, section 9.2.6).
    private static let beginnings = ["data:", "event:", "id:", "retry:", ":"].map { Array($0.utf8) }

    /// `text/event-stream` when the client asks for it and the output begins as one.
    static func type(of output: ByteBuffer?, for request: HTTPFields) -> String {
        guard let output, let accept = request[.accept], accept.contains(mediaType) else {
            return unknownType
        }
        let bytes = output.readableBytesView
        return beginnings.contains { bytes.starts(with: $0) } ? mediaType : unknownType
    }
}
