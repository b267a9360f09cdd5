// SPDX-License-Identifier: Apache-2.0
// The head of a streamed response: JSON, eight NUL bytes, then the body. Dispatcher feeds it.

import FoundationEssentials
package import NIOCore

/// Reads the prelude of one streamed response.
package struct LambdaPrelude: Sendable {
    /// The media type of a response with a prelude.
    package static let mediaType = "application/vnd.awslambda.http-integration-response"
    /// Longest prelude; the bound of a CGI program's header.
    static let bytesMax = 64 << 10
    private static let separatorBytes = 8

    private var bytes = ByteBuffer()

    package init() {}

    /// Takes a piece of the response.
    ///
    /// - Parameters:
    ///   - piece: read up to the end of the prelude; the body's beginning is left in it.
    ///   - isEnd: whether nothing will follow.
    /// - Returns: what it means; anything but ``ResponseEvent/incomplete`` is final.
    package mutating func received(_ piece: inout ByteBuffer, isEnd: Bool = false) -> ResponseEvent {
        // Seen from before the piece: the separator may be split.
        let searched = max(0, bytes.readableBytes - Self.separatorBytes + 1)
        bytes.writeBuffer(&piece)
        guard let end = separator(from: searched) else {
            if bytes.readableBytes > Self.bytesMax { return .malformed(.headTooLarge) }
            return isEnd ? .malformed(.noPrelude) : .incomplete
        }
        guard end <= Self.bytesMax else { return .malformed(.headTooLarge) }
        let prelude = bytes.readSlice(length: end) ?? ByteBuffer()
        bytes.moveReaderIndex(forwardBy: Self.separatorBytes)
        piece = bytes
        bytes = ByteBuffer()
        do {
            let fields = try JSONDecoder().decode(
                LambdaResponseFields.self,
                from: Data(prelude.readableBytesView)
            )
            return .begins(try ResponseHead(fields, defaultType: "application/octet-stream"))
        } catch {
            return .malformed(error as? ResponseFault ?? .noPrelude)
        }
    }

    /// Where eight NUL bytes begin, counted from the first byte that is not read.
    private func separator(from start: Int) -> Int? {
        var count = 0
        for (index, byte) in bytes.readableBytesView.dropFirst(start).enumerated() {
            count = byte == 0 ? count + 1 : 0
            if count == Self.separatorBytes { return start + index + 1 - Self.separatorBytes }
        }
        return nil
    }
}
