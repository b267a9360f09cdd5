// SPDX-License-Identifier: Apache-2.0
// The bytes of one connection as requests, strictly as RFC 9112 has them. ConnectionHandler feeds it.

import NIOCore

/// A parser of HTTP/1 requests.
///
/// Pure: no channel, no clock. What it refuses ends the connection, because nothing after it can be trusted.
struct RequestParser: ~Copyable {
    /// Bounds of a head.
    struct Limits: Hashable, Sendable {
        var targetBytesMax: Int
        var fieldBytesMax: Int
        var headBytesMax: Int
        var fieldCountMax: Int
    }

    /// What comes next.
    enum Event: Hashable {
        case head(ParsedHead)
        case body(ByteBuffer)
        case end
        /// Nothing, until more bytes come.
        case more
        case refused(RequestRefusal)
    }

    /// Where in a message the connection is.
    enum Phase: Hashable, Sendable {
        /// No byte of a request has come.
        case idle
        case head
        case body
        /// Another protocol's bytes follow, without a limit of their own.
        case tunnel
        case ended
    }

    private enum State {
        case head(HeadScan)
        case fixed(left: Int)
        case chunked(ChunkedBody)
        case tunnel
        case failed
    }

    private let limits: Limits
    private var state = State.head(HeadScan())
    private var hasBytes = false

    init(_ limits: Limits) { self.limits = limits }

    /// Where in a message the connection is, after the last ``next(_:)``.
    var phase: Phase {
        switch state {
        case .head: hasBytes ? .head : .idle
        case .fixed, .chunked: .body
        case .tunnel: .tunnel
        case .failed: .ended
        }
    }

    /// Takes one event's bytes off a buffer.
    mutating func next(_ buffer: inout ByteBuffer) -> Event {
        do throws(RequestRefusal) {
            switch state {
            case .head(let scan): return try head(scan, &buffer)
            case .fixed(let left): return fixed(left, &buffer)
            case .chunked(let body): return try chunked(body, &buffer)
            case .tunnel: return tunnel(&buffer)
            case .failed:
                buffer.clear()
                return .more
            }
        } catch {
            state = .failed
            buffer.clear()
            return .refused(error)
        }
    }

    /// No further input is read.
    mutating func fail() { state = .failed }

    private mutating func head(_ given: HeadScan, _ buffer: inout ByteBuffer) throws(RequestRefusal) -> Event
    {
        var scan = given
        let limits = limits
        let found = buffer.withUnsafeReadableBytes { bytes -> Result<HeadScan.Found, RequestRefusal> in
            do throws(RequestRefusal) {
                return .success(try scan.scan(bytes, limits))
            } catch {
                return .failure(error)
            }
        }
        switch try found.get() {
        case .more:
            hasBytes = buffer.readableBytes > 0
            state = .head(scan)
            return .more
        case .head(let skipped, let count, let head):
            buffer.moveReaderIndex(forwardBy: skipped + count)
            hasBytes = false
            switch head.framing {
            case .length(let length): state = .fixed(left: length)
            case .chunked: state = .chunked(ChunkedBody())
            case .tunnel: state = .tunnel
            }
            return .head(head)
        }
    }

    private func tunnel(_ buffer: inout ByteBuffer) -> Event {
        guard buffer.readableBytes > 0 else { return .more }
        defer { buffer.clear() }
        return .body(buffer)
    }

    private mutating func fixed(_ left: Int, _ buffer: inout ByteBuffer) -> Event {
        if left == 0 {
            state = .head(HeadScan())
            return .end
        }
        guard let piece = buffer.readSlice(length: min(left, buffer.readableBytes)), piece.readableBytes > 0
        else {
            return .more
        }
        state = .fixed(left: left - piece.readableBytes)
        return .body(piece)
    }

    private mutating func chunked(_ given: ChunkedBody, _ buffer: inout ByteBuffer) throws(RequestRefusal)
        -> Event
    {
        var body = given
        let event = try body.next(&buffer)
        state = event == .end ? .head(HeadScan()) : .chunked(body)
        return event
    }
}
