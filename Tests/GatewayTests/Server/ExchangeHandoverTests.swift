// SPDX-License-Identifier: Apache-2.0
// Connections that were accepted and have no loop of requests.

import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

@Suite("An accepted connection")
struct ExchangeHandoverTests {
    private static func exchange(_ channel: NIOAsyncTestingChannel) async throws -> HTTPExchange {
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
        return try await channel.testingEventLoop.submit {
            HTTPExchange(
                parts: try NIOAsyncChannel(wrappingChannelSynchronously: channel),
                connection: Connection(
                    remote: nil,
                    local: nil,
                    turns: StreamTurns(channel.eventLoop),
                    isSecure: false
                )
            )
        }.get()
    }

    @Test("is closed when no loop of requests takes it")
    func dropped() async throws {
        let channel = NIOAsyncTestingChannel()
        do { _ = ExchangeHandover(try await Self.exchange(channel)) }
        try await channel.closeFuture.get()
        #expect(!channel.isActive)
    }

    @Test("is its taker's, once")
    func taken() async throws {
        let channel = NIOAsyncTestingChannel()
        let handover = ExchangeHandover(try await Self.exchange(channel))
        let exchange = try #require(handover.take())
        #expect(handover.take() == nil)
        #expect(channel.isActive)
        try await exchange.parts.executeThenClose { _, _ in }
        #expect(!channel.isActive)
    }
}
