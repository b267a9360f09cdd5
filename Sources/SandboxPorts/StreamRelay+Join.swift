// SPDX-License-Identifier: Apache-2.0
// Joins an accepted connection with a socket that was made in a container. PortForwarder and LinkListener use it.

import NIOCore
import NIOPosix

extension StreamRelay {
    /// Joins an accepted connection, which has a StreamRelay and does not read yet, with one that was made inside.
    ///
    /// - Parameters:
    ///   - channel: the accepted connection.
    ///   - raw: connected, does not block; closed with its channel.
    /// - Returns: fails when one of them has gone meanwhile.
    static func join(_ channel: any Channel, _ raw: CInt) -> EventLoopFuture<Void> {
        ClientBootstrap(group: channel.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(ChannelOptions.recvAllocator, value: ClientOptions.allocator)
            .channelOption(ChannelOptions.maxMessagesPerRead, value: ClientOptions.readsAtOnce)
            .channelInitializer { inner in
                inner.eventLoop.makeCompletedFuture {
                    try inner.pipeline.syncOperations.addHandler(StreamRelay())
                }
            }
            .withConnectedSocket(raw)
            .flatMapThrowing { inner in
                do { try relay(channel, inner) } catch {
                    // The caller has gone meanwhile.
                    inner.close(promise: nil)
                    throw error
                }
            }
    }

    private static func relay(_ channel: any Channel, _ inner: any Channel) throws {
        let outside = try channel.pipeline.syncOperations.handler(type: StreamRelay.self)
        let inside = try inner.pipeline.syncOperations.handler(type: StreamRelay.self)
        guard !outside.isGone, !inside.isGone else { throw ChannelError.ioOnClosedChannel }
        StreamRelay.join(outside, inside)
        try channel.syncOptions?.setOption(.autoRead, value: true)
        try inner.syncOptions?.setOption(.autoRead, value: true)
    }
}
