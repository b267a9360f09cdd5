// SPDX-License-Identifier: Apache-2.0
// The `cgi` contract's answer (RFC 3875, section 6): finds the header in the output and interprets it.

import NIOCore

/// Reads the head of a CGI program's output.
struct CGIResponse: Sendable {
    /// Programs write some hundred bytes; the same bound as for a request's head.
    static let headBytesMax = 64 << 10

    /// The program writes the whole response itself, status line included (RFC 3875, section 5).
    let isNonParsed: Bool
    /// Output that has come while the head was not whole.
    private var pending = ByteBuffer()
    /// Bytes of `pending` in which no empty line ends.
    private var searchedBytes = 0
    /// A Location that is a local redirect unless a body follows.
    private var redirect: CGIHead?

    init(isNonParsed: Bool) { self.isNonParsed = isNonParsed }

    /// See ``ResponseState/received(_:isEnd:)``.
    mutating func received(_ output: inout ByteBuffer, isEnd: Bool) -> ResponseEvent {
        if let redirect { return decided(redirect, output, isEnd: isEnd) }
        if pending.readableBytes == 0 { swap(&pending, &output) } else { pending.writeBuffer(&output) }
        guard let headBytes = endOfHead() else {
            if pending.readableBytes > Self.headBytesMax { return .malformed(.headTooLarge) }
            return isEnd ? .malformed(.headIncomplete) : .incomplete
        }
        guard headBytes <= Self.headBytesMax else { return .malformed(.headTooLarge) }
        do throws(ResponseFault) {
            let bytes = pending.readSlice(length: headBytes) ?? ByteBuffer()
            let head = try CGIHead(bytes.readableBytesView, isNonParsed: isNonParsed)
            output = pending
            pending = ByteBuffer()
            return decided(head, output, isEnd: isEnd)
        } catch {
            return .malformed(error)
        }
    }

    /// A path as Location, without a status and a body, asks the gateway to serve that path (section 6.2.2).
    private mutating func decided(_ head: CGIHead, _ body: ByteBuffer, isEnd: Bool) -> ResponseEvent {
        guard let target = head.localRedirect, body.readableBytes == 0 else {
            return .begins(head.response)
        }
        if isEnd { return .localRedirect(target) }
        redirect = head
        return .incomplete
    }

    /// The number of bytes up to the end of the first empty line; nil while there is none.
    private mutating func endOfHead() -> Int? {
        let bytes = pending.readableBytesView
        let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
        var lineStart = bytes.startIndex + searchedBytes
        while let end = bytes[lineStart...].firstIndex(of: lineFeed) {
            let line = bytes[lineStart..<end]
            if line.isEmpty || (line.count == 1 && line.first == carriageReturn) {
                return end + 1 - bytes.startIndex
            }
            lineStart = end + 1
        }
        searchedBytes = lineStart - bytes.startIndex
        return nil
    }
}
