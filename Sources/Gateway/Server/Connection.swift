// SPDX-License-Identifier: Apache-2.0
// One client connection, or one stream of it, as the request path sees it. GatewayChannel makes it; ConnectionHandler
// or StreamHandler reports to it.

import Contracts
import NIOCore
import Synchronization

/// Addresses, protocol version and the task that serves a connection.
final class Connection: Sendable {
    /// Both ends, or those that a trusted proxy names.
    var peer: RequestHead.Peer { state.withLock { $0.peer } }
    /// Of its event loop, for output that is streamed.
    let turns: StreamTurns
    /// Whether it is encrypted.
    let isSecure: Bool
    /// Whether it is one stream of an HTTP/2 connection.
    private let isHTTP2: Bool

    private struct Storage: Sendable {
        var peer: RequestHead.Peer
        var isHTTP10 = false
        var isLost = false
        var isAborting = false
        var refusal: RequestRefusal?
        var body: BodyGauge?
        /// Why the body of the current request will not end; the connection closes after its answer.
        var bodyRefusal: RequestRefusal?
        var task: Task<Void, Never>?
    }

    private let state: Mutex<Storage>
    /// Nanoseconds of the monotonic clock; 0 while a request is served.
    private let idleNanoseconds = Atomic(NIODeadline.now().uptimeNanoseconds)

    init(remote: SocketAddress?, local: SocketAddress?, turns: StreamTurns, isSecure: Bool = false) {
        state = Mutex(Storage(peer: Connection.peer(remote: remote, local: local)))
        isHTTP2 = false
        self.turns = turns
        self.isSecure = isSecure
    }

    /// One stream of an HTTP/2 connection.
    init(streamOf connection: Connection) {
        state = Mutex(Storage(peer: connection.peer))
        isHTTP2 = true
        turns = connection.turns
        isSecure = connection.isSecure
    }

    /// Since when no request is served; nil while one is.
    ///
    /// A request counts from its complete head on.
    var idleSince: NIODeadline? {
        let since = idleNanoseconds.load(ordering: .relaxed)
        return since == 0 ? nil : .uptimeNanoseconds(since)
    }

    /// A request is served, or none any more.
    func setIdle(_ isIdle: Bool) {
        let nanoseconds = isIdle ? NIODeadline.now().uptimeNanoseconds : 0
        idleNanoseconds.store(nanoseconds, ordering: .relaxed)
    }

    /// Both ends, of which an IPv4 address has its IPv4 form also where the listener is an IPv6 one.
    static func peer(remote: SocketAddress?, local: SocketAddress?) -> RequestHead.Peer {
        var peer = RequestHead.Peer()
        peer.remoteAddress = AddressText.unmapped(remote?.ipAddress ?? "")
        peer.remotePort = remote?.port
        peer.localAddress = AddressText.unmapped(local?.ipAddress ?? "")
        peer.localPort = local?.port
        return peer
    }

    /// A trusted proxy names the ends of its client's connection; before the first request.
    func setEnds(_ ends: ProxyHeaderState.Ends) {
        state.withLock { state in
            state.peer.remoteAddress = AddressText.unmapped(ends.sourceAddress)
            state.peer.remotePort = ends.sourcePort
            state.peer.localAddress = AddressText.unmapped(ends.targetAddress)
            state.peer.localPort = ends.targetPort
        }
    }

    /// SERVER_PROTOCOL of the current request.
    var version: String {
        if isHTTP2 { return "HTTP/2.0" }
        return state.withLock { $0.isHTTP10 } ? "HTTP/1.0" : "HTTP/1.1"
    }

    /// Whether the client disconnected while its request was served.
    var isLost: Bool { state.withLock { $0.isLost } }

    /// Why the last request of this connection is none; set before that request is handed on.
    var refusal: RequestRefusal? { state.withLock { $0.refusal } }

    /// Whether the current answer is incomplete, although its trailers are sent.
    var isAborting: Bool { state.withLock { $0.isAborting } }

    func refuse(_ refusal: RequestRefusal) { state.withLock { $0.refusal = refusal } }

    /// Names the body that is being read; nil when it is not read any more.
    ///
    /// A failure that the connection has met before is reported to it at once.
    func setBody(_ body: BodyGauge?) {
        let refusal = state.withLock { state in
            state.body = body
            return state.bodyRefusal
        }
        if let refusal { body?.fail(refusal) }
    }

    /// The body that is being read will not be complete: reported at once, also to a function that does not read.
    func failBody(_ refusal: RequestRefusal) {
        let body = state.withLock { state in
            state.bodyRefusal = refusal
            return state.body
        }
        body?.fail(refusal)
    }

    /// The trailers that follow give the reason why the answer is incomplete.
    func abort() { state.withLock { $0.isAborting = true } }

    func setVersion(isHTTP10: Bool) { state.withLock { $0.isHTTP10 = isHTTP10 } }

    /// Names the task that ``lose()`` cancels; nil when it has ended.
    func setTask(_ task: Task<Void, Never>?) {
        let isLost = state.withLock {
            $0.task = task
            return $0.isLost
        }
        if isLost { task?.cancel() }
    }

    /// The client is gone, or its answer is given up: cancels its request.
    ///
    /// The task is cancelled outside the lock, because its cancellation handlers may come back here.
    func lose() {
        let task = state.withLock {
            $0.isLost = true
            return $0.task
        }
        task?.cancel()
    }
}
