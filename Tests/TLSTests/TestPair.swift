// SPDX-License-Identifier: Apache-2.0
// A client and a server's handler on an embedded channel, with every byte between them in the test's hands.

import NIOCore
import NIOEmbedded
import NIOTLS

@testable import TLS

/// Certificates of tests.
enum TestCertificate {
    static func pair(
        _ name: String,
        from: Int64 = -60,
        until: Int64 = 3600,
        usage: String = "serverAuth"
    ) throws -> TLSPair {
        let made = try SelfSignedCertificate(
            names: [name],
            addresses: ["127.0.0.1"],
            validFrom: from,
            validUntil: until,
            usage: usage
        )
        return TLSPair(
            certificate: PEMFile(path: "/\(name).crt", bytes: made.certificate),
            key: PEMFile(path: "/\(name).key", bytes: made.key)
        )
    }

    static func server(_ names: [String] = ["a.example"]) throws -> TLSServer {
        try TLSServer(names.map { try pair($0) }, protocols: ["h2", "http/1.1"])
    }
}

/// Records what the handler hands on.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var received: [UInt8] = []
    var negotiated: [String?] = []
    var inputEndCount = 0
    var failures: [TLSFailure] = []
    var isClosed = false
    /// Called with each piece.
    var onRead: ((ChannelHandlerContext) -> Void)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += Array(Self.unwrapInboundIn(data).readableBytesView)
        onRead?(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name) = event as? TLSUserEvent { negotiated.append(name) }
        if event as? ChannelEvent == .inputClosed { inputEndCount += 1 }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = error as? TLSFailure { failures.append(failure) }
    }

    func channelInactive(context: ChannelHandlerContext) { isClosed = true }
}

/// Both ends.
final class TestPair {
    let channel: EmbeddedChannel
    let recorder = Recorder()
    let client: TestClient

    init(_ server: TLSServer, _ options: ClientOptions = ClientOptions()) throws {
        channel = EmbeddedChannel()
        client = try TestClient(options)
        try channel.pipeline.syncOperations.addHandler(server.makeHandler())
        try channel.pipeline.syncOperations.addHandler(recorder)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// What the server sent and the test has not taken.
    func serverBytes() -> [UInt8] {
        var bytes: [UInt8] = []
        // An embedded channel's queue of bytes fails only for another type.
        while let piece = try? channel.readOutbound(as: ByteBuffer.self) {
            bytes += Array(piece.readableBytesView)
        }
        return bytes
    }

    /// The next write of the server; empty without one.
    func serverPiece() -> [UInt8] {
        // As above.
        guard let piece = try? channel.readOutbound(as: ByteBuffer.self) else { return [] }
        return Array(piece.readableBytesView)
    }

    func send(_ bytes: [UInt8]) { channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes)) }

    /// Moves bytes both ways until neither side has any; pieces of `size` for the server.
    func exchange(size: Int = .max) {
        for _ in 0..<20 {
            _ = client.handshake()
            let up = client.take()
            var rest = up[...]
            while !rest.isEmpty {
                send(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            let down = serverBytes()
            client.feed(down)
            if up.isEmpty, down.isEmpty { return }
        }
    }

    func write(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// Closes what a test left open.
    func finish() { _ = try? channel.finish(acceptAlreadyClosed: true) }
}
