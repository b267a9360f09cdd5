// SPDX-License-Identifier: Apache-2.0
// What the connections of a published port are set to. PortForwarder and its tests use it.

import Glibc
import NIOCore

/// Bounds for what one connection costs, and for how long a client that is gone costs it.
enum ClientOptions {
    typealias Option = ChannelOptions.Types.SocketOption

    /// Read at once; a side that does not take it makes the gateway keep two of them.
    static let pieceBytes = 64 * 1024
    /// One read, then the other side is asked whether it takes more.
    static let readsAtOnce: UInt = 1

    /// Seconds without a byte after which a client is asked whether it is there: a host that vanished says nothing.
    static let idleSeconds: Int = 60
    /// Seconds between two questions.
    static let questionSeconds: Int = 30
    /// Questions without an answer that end the connection.
    static let questions: Int = 8
    /// Milliseconds for which a client may take nothing of what it is sent: as long as all of the questions take.
    static let untakenMilliseconds: Int = (idleSeconds + questionSeconds * questions) * 1000

    /// How the kernel finds clients that are gone.
    static let liveness: [(option: Option, value: Int)] = [
        (Option(level: .socket, name: .so_keepalive), 1),
        (Option(level: .tcp, name: .init(rawValue: TCP_KEEPIDLE)), idleSeconds),
        (Option(level: .tcp, name: .init(rawValue: TCP_KEEPINTVL)), questionSeconds),
        (Option(level: .tcp, name: .init(rawValue: TCP_KEEPCNT)), questions),
        (Option(level: .tcp, name: .init(rawValue: TCP_USER_TIMEOUT)), untakenMilliseconds),
    ]

    /// Buffers for one read.
    static var allocator: any RecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: pieceBytes)
    }
}
