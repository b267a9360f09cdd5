// SPDX-License-Identifier: Apache-2.0
// Where an answer's head ends and another protocol begins. TunnelSwitch drives it.

import NIOCore

/// Separates the head of a 101 from the bytes behind it; any other answer is HTTP to its end.
struct TunnelScan: Sendable {
    /// The longest head that is looked through: as long as a decoder takes.
    static let headBytesMax = 80 << 10
    /// Up to the status: `HTTP/1.1 101`.
    private static let statusEnd = 12

    private enum Phase: Hashable {
        case head
        case http
        case tunnel
    }

    /// What came, by whom it is for.
    struct Parts: Hashable, Sendable {
        var http: ByteBuffer?
        var tunnel: ByteBuffer?
    }

    private var phase = Phase.head
    private var kept = ByteBuffer()
    /// Bytes of ``kept`` in which no head ends.
    private var searched = 0

    var isTunnel: Bool { phase == .tunnel }

    /// Bytes came.
    mutating func received(_ bytes: ByteBuffer) -> Parts {
        switch phase {
        case .http: return Parts(http: bytes)
        case .tunnel: return Parts(tunnel: bytes)
        case .head: break
        }
        kept.writeImmutableBuffer(bytes)
        let view = kept.readableBytesView
        guard view.count >= Self.statusEnd else { return Parts() }
        guard view[(view.startIndex + 8)..<(view.startIndex + Self.statusEnd)].elementsEqual(" 101".utf8)
        else {
            return isHTTP()
        }
        guard let length = headLength else {
            searched = max(0, view.count - 3)
            return view.count > Self.headBytesMax ? isHTTP() : Parts()
        }
        phase = .tunnel
        let head = kept.readSlice(length: length)
        defer { kept = ByteBuffer() }
        return Parts(http: head, tunnel: kept.readableBytes > 0 ? kept : nil)
    }

    /// The connection has ended.
    mutating func ended() -> Parts { phase == .head ? isHTTP() : Parts() }

    private mutating func isHTTP() -> Parts {
        phase = .http
        defer { kept = ByteBuffer() }
        return Parts(http: kept)
    }

    private var headLength: Int? {
        let view = kept.readableBytesView
        var index = view.startIndex + searched
        while index + 3 < view.endIndex {
            if view[index..<(index + 4)].elementsEqual("\r\n\r\n".utf8) { return index + 4 - view.startIndex }
            index += 1
        }
        return nil
    }
}
