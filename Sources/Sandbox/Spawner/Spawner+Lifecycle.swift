// SPDX-License-Identifier: Apache-2.0
// Start and end of the helper processes, with bounded waits.

import CSandbox
import Glibc
import Logging
import Synchronization

extension Spawner {
    /// One handshake: CONFIGURE to the supervisor, STARTED from it, READY from the spawner.
    func start() throws(SandboxError) {
        let message = try host.configuration()
        defer { message.deallocate() }
        let ruleset = try host.ruleset()
        defer { if let ruleset { close(ruleset) } }
        let (ours, theirs) = try OwnedDescriptor.packetPair().split()
        let own = OwnedDescriptor(owning: ours)
        let remote = OwnedDescriptor(owning: theirs)
        let descriptors = [remote.raw] + (ruleset.map { [$0] } ?? [])
        let size = MemoryLayout<csandbox_configure>.size
        let result = csandbox_send(supervisor.raw, message, size, descriptors, descriptors.count)
        guard result == 0 else { throw Packet.failure(of: "send", -result) }
        close(remote.take())
        let started: csandbox_started = try awaitMessage(CSANDBOX_STARTED, on: supervisor.raw)
        guard started.step == 0 else { throw Packet.setupError(started.step, started.error) }
        let ready: csandbox_ready = try awaitMessage(CSANDBOX_READY, on: own.raw)
        guard ready.step == 0 else { throw Packet.setupError(ready.step, ready.error) }
        let watch = try HelperWatch(self)
        let socket = own.take()
        state.withLock { state in
            state.watch = watch
            state.socket = socket
            state.features = ready.features
            state.pid = started.pid
        }
        let token = Reactor.shared.add(socket, .control, readiness: readable, source: self)
        state.withLock { $0.token = token }
        watch.begin()
    }

    /// Waits for one message of a kind, passing over others (the end of an earlier spawner).
    func awaitMessage<Message>(_ wanted: csandbox_kind, on socket: Int32) throws(SandboxError)
        -> Message
    {
        let deadline = monotonicNanoseconds() + Int64(Self.startTimeoutMilliseconds) * 1_000_000
        while true {
            let left = (deadline - monotonicNanoseconds()) / 1_000_000
            var source = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard left > 0, poll(&source, 1, Int32(left)) != 0 else {
                throw .unsupported(
                    "the spawner did not start within \(Self.startTimeoutMilliseconds) ms"
                )
            }
            let received = Packet.receive(from: socket) { received -> Result<Message?, SandboxError> in
                switch received {
                case .nothing: return .success(nil)
                case .end: return .failure(.gone("the spawner"))
                case .packet(let kind, let bytes, let descriptors):
                    descriptors.forEach { close($0) }
                    return .success(kind == wanted ? Packet.read(Message.self, bytes) : nil)
                }
            }
            if let message = try received.get() { return message }
        }
    }

    /// The spawner's process number, for people.
    package var processID: Int32 { state.withLock { $0.pid } }

    /// Ends the helper and everything below it; returns when nothing is left (bounded by 5 s).
    package func stop() async {
        let slots = state.withLock { state in
            state.isStopping = true
            return Array(state.slots.values)
        }
        for slot in slots { slot.retire() }
        shutdown(supervisor.raw, Int32(SHUT_RDWR))
        // The supervisor ends only after the spawner was reaped and the cgroups are removed.
        for _ in 0..<(Self.stopTimeoutMilliseconds / 10) {
            if hasSupervisorEnded {
                state.withLock { $0.watch }?.end()
                return
            }
            // Cancellation shortens nothing here: the wait is bounded, and leftovers would be worse.
            try? await Task.sleep(for: .milliseconds(10))
        }
        logger.error(
            "the spawner has not ended after \(Self.stopTimeoutMilliseconds) ms and is killed"
        )
        killSupervisor()
        for _ in 0..<(Self.killTimeoutMilliseconds / 10) where !hasSupervisorEnded {
            try? await Task.sleep(for: .milliseconds(10))
        }
        state.withLock { $0.watch }?.end()
    }

    /// Ends what a start that failed has left; blocks until it is gone (bounded by 5 s).
    func abandon() {
        shutdown(supervisor.raw, Int32(SHUT_RDWR))
        for _ in 0..<(Self.stopTimeoutMilliseconds / 10) {
            if hasSupervisorEnded { return }
            usleep(10_000)
        }
        logger.error(
            "the spawner has not ended after \(Self.stopTimeoutMilliseconds) ms and is killed"
        )
        killSupervisor()
        for _ in 0..<(Self.killTimeoutMilliseconds / 10) where !hasSupervisorEnded { usleep(10_000) }
    }

    /// A supervisor that the warden started is not this process's child: its end shows on the socket.
    private var hasSupervisorEnded: Bool {
        var status: Int32 = 0
        if let supervisorPID { return waitpid(supervisorPID, &status, WNOHANG) != 0 }
        return Packet.receive(from: supervisor.raw) { received in
            switch received {
            case .nothing: return false
            case .end: return true
            case .packet(_, _, let descriptors):
                descriptors.forEach { close($0) }
                return false
            }
        }
    }
}
