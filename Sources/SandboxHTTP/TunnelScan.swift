// SPDX-License-Identifier: Apache-2.0
// Where an answer's head ends and another protocol begins. TunnelSwitch drives it.

import NIOCore

/// Separates the head of a 101 from the bytes behind it; any other answer is HTTP to its end.
///
/// Interim answers (RFC 9110, section 15.2) may come first.
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
        var http = ByteBuffer()
        while phase == .head, let status {
            guard status.hasPrefix(" 1") else { return isHTTP(behind: http) }
            guard let length = headLength, let head = kept.readSlice(length: length) else {
                searched = max(0, kept.readableBytes - 3)
                if kept.readableBytes > Self.headBytesMax { return isHTTP(behind: http) }
                break
            }
            http.writeImmutableBuffer(head)
            searched = 0
            if status == " 101" { phase = .tunnel }
        }
        var parts = Parts(http: http.readableBytes > 0 ? http : nil)
        guard phase == .tunnel else {
            kept.discardReadBytes()
            return parts
        }
        if kept.readableBytes > 0 { parts.tunnel = kept }
        kept = ByteBuffer()
        return parts
    }

    /// The status of the head that begins, with the space in front; nil until it is here.
    private var status: String? {
        guard kept.readableBytes >= Self.statusEnd else { return nil }
        return String(decoding: kept.readableBytesView.prefix(Self.statusEnd).suffix(4), as: UTF8.self)
    }

    /// The connection has ended.
    mutating func ended() -> Parts { phase == .head ? isHTTP(behind: ByteBuffer()) : Parts() }

    private mutating func isHTTP(behind earlier: ByteBuffer) -> Parts {
        phase = .http
        var http = earlier
        http.writeBuffer(&kept)
        kept = ByteBuffer()
        return Parts(http: http)
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
