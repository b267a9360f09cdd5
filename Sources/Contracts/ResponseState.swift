// SPDX-License-Identifier: Apache-2.0
// Reads the head of one answer from a function's output. Dispatcher feeds it until the answer begins.

package import NIOCore

/// Reads the head of one answer; the body behind the head is not passed to it.
package struct ResponseState: Sendable {
    enum Reader: Sendable {
        case stdio(StdioResponse)
        case cgi(CGIResponse)
    }

    private var reader: Reader

    init(_ reader: Reader) { self.reader = reader }

    /// Takes output.
    ///
    /// - Parameters:
    ///   - output: read from its beginning; with ``ResponseEvent/begins(_:)`` the body's first bytes are left in it.
    ///   - isEnd: whether nothing will follow.
    /// - Returns: what it means; anything but ``ResponseEvent/incomplete`` is final.
    package mutating func received(_ output: inout ByteBuffer, isEnd: Bool) -> ResponseEvent {
        switch reader {
        case .stdio(let stdio): return .begins(stdio.head(before: output))
        case .cgi(var cgi):
            let event = cgi.received(&output, isEnd: isEnd)
            reader = .cgi(cgi)
            return event
        }
    }
}
