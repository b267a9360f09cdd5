// SPDX-License-Identifier: Apache-2.0
// Sockets inside a sandbox's network namespace, which the slot's process makes and passes on.

import CSandbox
package import FunctionModel
import Glibc
import Synchronization

extension Slot {
    typealias SocketWaiter = @Sendable (Result<Int32, SandboxError>) -> Void

    /// Asks the slot's process for a socket.
    ///
    /// - Parameters:
    ///   - kind: DIAL or LISTEN.
    ///   - port: of 127.0.0.1 in the namespace.
    ///   - transport: what it carries.
    ///   - ends: addresses of links, in place of 127.0.0.1.
    ///   - sandbox: the number of the sandbox whose namespace is meant.
    /// - Returns: the socket.
    /// - Throws: ``SandboxError``: unreachable with errno, gone, or too many requests at once.
    func socket(
        _ kind: csandbox_kind,
        port: UInt16,
        transport: csandbox_transport = CSANDBOX_STREAM,
        ends: (address: LinkAddress, source: LinkAddress)? = nil,
        sandbox: UInt32
    ) async throws(SandboxError) -> OwnedDescriptor {
        let result = await descriptor { [id] sequence in
            csandbox_socket_order(
                header: csandbox_header(kind: UInt32(kind.rawValue), slot: id),
                sandbox: sandbox,
                sequence: sequence,
                port: UInt32(port),
                transport: UInt32(transport.rawValue),
                address: ends?.address.raw ?? 0,
                source: ends?.source.raw ?? 0
            )
        }
        switch result {
        case .success(let raw): return OwnedDescriptor(owning: raw)
        case .failure(.system(_, ESRCH)): throw .gone("the sandbox")
        case .failure(.system(_, let errorNumber)):
            throw .unreachable(port: port, errorNumber: errorNumber)
        case .failure(let error): throw error
        }
    }

    /// Sends an order that is answered with a descriptor, and waits for the answer.
    ///
    /// - Parameter order: the order with its sequence number.
    /// - Returns: a descriptor that the caller owns.
    func descriptor<Order>(_ order: (UInt32) -> Order) async -> Result<Int32, SandboxError> {
        await answer(to: order).flatMap { raw in
            // The answer to another kind of order has none; a descriptor of -1 would end the gateway.
            raw >= 0 ? .success(raw) : .failure(Self.wrongAnswer)
        }
    }

    private func answer<Order>(to order: (UInt32) -> Order) async -> Result<Int32, SandboxError> {
        await withCheckedContinuation { continuation in
            request(order) { continuation.resume(returning: $0) }
        }
    }

    private static let wrongAnswer = SandboxError.system(
        call: "a descriptor of a sandbox",
        errorNumber: EPROTO
    )

    private func request<Order>(_ order: (UInt32) -> Order, _ waiter: @escaping SocketWaiter) {
        let number = state.withLock { state -> Result<UInt32, SandboxError> in
            if case .gone(let error) = state.machine.phase { return .failure(error) }
            guard let number = state.sockets.add(waiter) else {
                let max = SocketRequests<SocketWaiter>.pendingMax
                return .failure(.unsupported("more than \(max) descriptors of one slot asked for at once"))
            }
            state.watch.asked(at: monotonicNanoseconds())
            return .success(number)
        }
        switch number {
        case .failure(let error): waiter(.failure(error))
        case .success(let number):
            do throws(SandboxError) { try Packet.send(order(number), to: control.raw) } catch { lost(error) }
        }
    }

    /// Puts other addresses in place of those that a running sandbox has.
    ///
    /// - Parameters:
    ///   - links: all of them.
    ///   - sandbox: its number.
    /// - Throws: ``SandboxError``; it has those of before then.
    func setLinks(_ links: [LinkAddress], sandbox: UInt32) async throws(SandboxError) {
        guard links.count <= Int(CSANDBOX_LINKS_MAX) else {
            throw .unsupported("more than \(CSANDBOX_LINKS_MAX) networks of one container")
        }
        var order = csandbox_links_order()
        order.header = csandbox_header(kind: UInt32(CSANDBOX_LINK.rawValue), slot: id)
        order.sandbox = sandbox
        order.link_count = UInt32(links.count)
        withUnsafeMutableBytes(of: &order.links) { space in
            links.map(\.raw).withUnsafeBytes { space.copyMemory(from: $0) }
        }
        let result = await answer(to: { [order] sequence in
            var order = order
            order.sequence = sequence
            return order
        })
        switch result {
        case .success(-1): return
        case .success(let raw):
            close(raw)
            throw Self.wrongAnswer
        case .failure(.system(_, ESRCH)): throw .gone("the sandbox")
        case .failure(.system(_, let errorNumber)): throw .setup(step: "links", errorNumber: errorNumber)
        case .failure(let error): throw error
        }
    }

    /// The slot's process answers; the descriptor is the waiter's, or is closed.
    ///
    /// - Parameters:
    ///   - bytes: the answer.
    ///   - descriptors: what came with it.
    ///   - count: descriptors that come with success, 1 or 0; the waiter gets -1 in place of none.
    func socketAnswered(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32], count: Int = 1) {
        let answer = Packet.read(csandbox_descriptor_answer.self, bytes)
        let waiter = state.withLock { state -> SocketWaiter? in
            guard let answer, let waiter = state.sockets.answered(answer.sequence) else { return nil }
            state.watch.askedAnswered(isOwing: !state.sockets.isEmpty, at: monotonicNanoseconds())
            return waiter
        }
        guard let waiter, let answer, answer.error == 0, descriptors.count == count else {
            descriptors.forEach { close($0) }
            waiter?(
                .failure(.system(call: "a descriptor of a sandbox", errorNumber: answer?.error ?? EPROTO))
            )
            return
        }
        waiter(.success(descriptors.first ?? -1))
    }
}

extension WarmSandbox {
    /// Connects to a TCP port of 127.0.0.1 inside the sandbox; the slot's process does it.
    ///
    /// The connection does not block and is close-on-exec. A sandbox that was connected to leaves no network
    /// namespace behind for the next one. In a slot that shares the empty network namespace it fails with EAGAIN
    /// until the program was executed.
    ///
    /// - Parameter port: 1 and up.
    /// - Returns: the connection; the caller owns it.
    /// - Throws: ``SandboxError``: `unreachable` with ECONNREFUSED without a listener, with ETIMEDOUT when the
    ///   server's backlog is full; `gone` when sandbox or slot are.
    package func dial(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        try await socket(CSANDBOX_DIAL, port: port)
    }

    /// Makes a UDP socket that is connected to a port of 127.0.0.1 inside the sandbox.
    ///
    /// As ``dial(port:)``; whether anything listens there shows with the first datagram only.
    ///
    /// - Parameter port: 1 and up.
    /// - Returns: the socket, which does not block; the caller owns it.
    /// - Throws: ``SandboxError``.
    package func dialDatagrams(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        try await socket(CSANDBOX_DIAL, port: port, transport: CSANDBOX_DATAGRAMS)
    }

    /// Listens on a TCP port of 127.0.0.1 inside the sandbox; the slot's process does it.
    ///
    /// As ``dial(port:)``. Before the program is started it works only in a slot with a network namespace of its own.
    ///
    /// - Parameter port: 1 and up.
    /// - Returns: the listening socket, which does not block; the caller owns it.
    /// - Throws: ``SandboxError``: `unreachable` with EADDRINUSE when the port is taken; `gone` when sandbox or slot
    ///   are.
    package func listen(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        try await socket(CSANDBOX_LISTEN, port: port)
    }

    /// Connects to a TCP port of an address of its links.
    ///
    /// As ``dial(port:)``.
    ///
    /// - Parameters:
    ///   - port: 1 and up.
    ///   - address: one of the plan's.
    ///   - source: where the program sees the connection come from.
    /// - Returns: the connection; the caller owns it.
    /// - Throws: ``SandboxError``.
    package func dial(
        port: UInt16,
        at address: LinkAddress,
        from source: LinkAddress
    ) async throws(SandboxError) -> OwnedDescriptor {
        try await socket(CSANDBOX_DIAL, port: port, ends: (address, source))
    }

    /// Listens for connections to addresses of links other than its own; before the program is started.
    ///
    /// - Returns: the listening socket; the caller owns it.
    /// - Throws: ``SandboxError``, as ``listen(port:)``.
    package func listenForLinks() async throws(SandboxError) -> OwnedDescriptor {
        try await listen(port: UInt16(CSANDBOX_LINKS_PORT))
    }

    /// Puts other addresses of links in place of those that it has, while it runs; its connections stay.
    ///
    /// - Parameter links: all of them; the plan had some, and ``openHosts()``.
    /// - Throws: ``SandboxError``; it has those of before then.
    package func setLinks(_ links: [LinkAddress]) async throws(SandboxError) {
        guard !state.withLock({ $0.use.isEnded }) else { throw .gone("the sandbox") }
        try await slot.setLinks(links, sandbox: number)
    }

    private func socket(
        _ kind: csandbox_kind,
        port: UInt16,
        transport: csandbox_transport = CSANDBOX_STREAM,
        ends: (address: LinkAddress, source: LinkAddress)? = nil
    ) async throws(SandboxError) -> OwnedDescriptor {
        guard !state.withLock({ $0.use.isEnded }) else { throw .gone("the sandbox") }
        return try await slot.socket(kind, port: port, transport: transport, ends: ends, sandbox: number)
    }
}
