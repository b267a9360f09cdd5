// SPDX-License-Identifier: Apache-2.0
// The only driver of a container: start, streams, signals, deadline, end. Invocations, build steps and attached
// containers use it.

package import FunctionModel
package import NIOCore
import Synchronization

/// One container between its start and its end.
///
/// Order: ``start(_:preparesNext:onStandardError:)`` or, where the program was started before, ``assign(preparesNext:)``
/// once; then streams and signals in any order; ``ended()`` once,
/// when ``collect(upTo:)`` or ``exit()`` has reported the end of PID 1.
package final class ContainerSession: Sendable {
    /// How the container is asked to end before it is killed.
    package struct StopPolicy: Hashable, Sendable {
        /// Nil: SIGKILL at once.
        package var signal: Int32?
        package var grace: Duration

        package init(signal: Int32?, grace: Duration) {
            self.signal = signal
            self.grace = grace
        }

        /// SIGKILL, for any cause.
        package static let killAtOnce = StopPolicy(signal: nil, grace: .zero)
    }

    private struct Storage: ~Copyable {
        var state = SessionState()
        var deadline: DeadlineNumber?
        /// Of those that wait for its end; few.
        var watchers: [AsyncStream<Never>.Continuation] = []
    }

    private let sandbox: any SandboxHandle
    /// Retired with the session; nil when the slot serves others after it.
    private let slot: (any SlotHandle)?
    private let policy: StopPolicy
    private let timer: DeadlineTimer
    /// Stops and continues all of its processes; nil where its slot serves others.
    private let freezer: (@Sendable (Bool) async throws(SandboxError) -> Void)?
    private let storage = Mutex(Storage())

    /// - Parameters:
    ///   - sandbox: not released yet.
    ///   - slot: when it serves this container alone.
    ///   - policy: how the container is asked to end.
    ///   - timer: for time limit and grace.
    ///   - freezer: stops and continues all of its processes.
    package init(
        _ sandbox: any SandboxHandle,
        slot: (any SlotHandle)? = nil,
        policy: StopPolicy,
        timer: DeadlineTimer,
        freezer: (@Sendable (Bool) async throws(SandboxError) -> Void)? = nil
    ) {
        self.freezer = freezer
        self.sandbox = sandbox
        self.slot = slot
        self.policy = policy
        self.timer = timer
    }

    /// Makes a container in a slot of its own.
    ///
    /// - Throws: ``SandboxError`` with step and errno; nothing is left then.
    package static func make(
        _ plan: SandboxPlan,
        by spawner: Spawner,
        policy: StopPolicy,
        timer: DeadlineTimer
    ) async throws(SandboxError) -> ContainerSession {
        let slot = try await spawner.makeSlot(plan)
        do throws(SandboxError) {
            let sandbox = try await slot.makeSandbox()
            let number = slot.id
            return ContainerSession(sandbox, slot: slot, policy: policy, timer: timer) {
                [weak spawner] isFrozen throws(SandboxError) in
                guard let spawner else { throw .gone("the spawner") }
                if isFrozen { slot.frozen(true) }
                do throws(SandboxError) { try await spawner.freeze(number, isFrozen) } catch {
                    slot.frozen(false)
                    throw error
                }
                if !isFrozen { slot.frozen(false) }
            }
        } catch {
            slot.retire()
            throw error
        }
    }

    /// Lets PID 1 execute; one message that never blocks.
    ///
    /// - Parameters:
    ///   - command: what PID 1 executes.
    ///   - preparesNext: the slot makes its next sandbox as soon as this one has ended.
    ///   - onStandardError: called on the room's own thread with each piece of stderr; must not block. Kept until the
    ///     end: it must not keep the session.
    /// - Throws: ``SandboxError`` when the sandbox is gone or the command too large.
    package func start(
        _ command: SandboxCommand,
        preparesNext: Bool = false,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError) {
        try sandbox.release(command, preparesNext: preparesNext, onStandardError: onStandardError)
    }

    /// Makes a program that was started ahead serve this session; one message that never blocks.
    ///
    /// - Parameter preparesNext: the slot makes its next sandbox as soon as this one has ended.
    /// - Throws: ``SandboxError`` when the program has ended.
    package func assign(preparesNext: Bool) throws(SandboxError) {
        try sandbox.assign(preparesNext: preparesNext)
    }

    /// Stops it with ``StopCause/timeout`` when it runs longer than this from now on.
    package func limitTime(to span: Duration) { setDeadline(.now + span) { $0.stop(.timeout) } }

    // MARK: End

    /// Asks for its end: at once, or with stop signal and grace, as the cause and the policy say.
    ///
    /// The first cause counts. Idempotent, does not block.
    package func stop(_ cause: StopCause) { stop(cause, by: policy) }

    /// As ``stop(_:)``, in another way than its own.
    package func stop(_ cause: StopCause, by policy: StopPolicy) {
        let action = storage.withLock { storage in
            policy.signal == nil ? storage.state.killRequested(cause) : storage.state.stopRequested(cause)
        }
        perform(action, by: policy)
    }

    /// As ``stop(_:)``, later, unless it has ended by then; does not change its time limit.
    package func stop(_ cause: StopCause, after span: Duration) {
        _ = timer.schedule(at: .now + span) { [weak self] in self?.stop(cause) }
    }

    /// Ends it at once.
    ///
    /// Idempotent, does not block.
    package func kill(_ cause: StopCause) {
        perform(storage.withLock { $0.state.killRequested(cause) }, by: .killAtOnce)
    }

    /// Whether nothing has been done to end it.
    package var isUndisturbed: Bool { storage.withLock { $0.state.isUndisturbed } }

    /// Leaves the program running for another session: ``exit()`` reports ``ExitReport/Ending/returned``, and
    /// ``ended()`` follows as usual.
    ///
    /// - Returns: false when something was done to end it; nothing has changed then.
    package func handOn() -> Bool {
        guard storage.withLock({ $0.state.handedOn() }) else { return false }
        sandbox.unassign()
        return true
    }

    /// Suspends until ``ended()`` was called; until the span is over at most.
    ///
    /// - Returns: whether it has ended.
    package func waitForEnd(atMost span: Duration) async -> Bool {
        let (stream, watcher) = AsyncStream<Never>.makeStream()
        let isOver = storage.withLock { storage in
            guard storage.state.phase != .ended else { return true }
            storage.watchers.append(watcher)
            return false
        }
        if isOver { return true }
        let number = timer.schedule(at: .now + span) { watcher.finish() }
        for await _ in stream {}
        timer.cancel(number)
        return storage.withLock { $0.state.phase == .ended }
    }

    /// PID 1 is gone: the clock stops, and a slot of its own is retired.
    ///
    /// - Returns: why Mayfly ended it; nil when it did not.
    package func ended() -> StopCause? {
        let (cause, deadline, watchers) = storage.withLock { storage in
            let watchers = storage.watchers
            storage.watchers = []
            return (storage.state.ended(), storage.deadline, watchers)
        }
        for watcher in watchers { watcher.finish() }
        if let deadline { timer.cancel(deadline) }
        slot?.retire()
        return cause
    }

    private func perform(_ action: SessionState.StopAction, by policy: StopPolicy) {
        switch action {
        case .signalThenWait:
            if let signal = policy.signal { sandbox.signal(signal) }
            setDeadline(.now + policy.grace) { $0.graceEnded() }
        case .kill: sandbox.kill()
        case .none: break
        }
    }

    private func graceEnded() { perform(storage.withLock { $0.state.graceEnded() }, by: .killAtOnce) }

    private func setDeadline(
        _ instant: ContinuousClock.Instant,
        _ action: @escaping @Sendable (ContainerSession) -> Void
    ) {
        let number = timer.schedule(at: instant) { [weak self] in self.map(action) }
        let previous = storage.withLock { storage -> DeadlineNumber? in
            // The end may have come first, which had only the deadline before this one to cancel.
            if storage.state.phase == .ended { return number }
            defer { storage.deadline = number }
            return storage.deadline
        }
        if let previous { timer.cancel(previous) }
    }

    /// Stops all of its processes where they are, or lets them go on; a stopped one cannot be signalled.
    ///
    /// - Throws: ``SandboxError``, also on a host without the freezer.
    package func freeze(_ isFrozen: Bool) async throws(SandboxError) {
        guard let freezer else { throw .unsupported("to pause a container whose slot serves others") }
        try await freezer(isFrozen)
    }

    // MARK: Other processes

    /// See ``SandboxHandle``.
    package var defaults: ProcessDefaults { sandbox.defaults }

    /// Lets another process enter the container.
    ///
    /// - Parameters:
    ///   - plan: what it is.
    ///   - onStandardError: as with ``start(_:preparesNext:onStandardError:)``.
    /// - Returns: a session of its own, whose program runs or begins to; it ends with this one at the latest.
    /// - Throws: ``SandboxError``, as ``WarmSandbox/enter(_:onStandardError:)``.
    package func enter(
        _ plan: ProcessPlan,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) async throws(SandboxError) -> ContainerSession {
        let process = try await sandbox.enter(plan, onStandardError: onStandardError)
        return ContainerSession(process, policy: .killAtOnce, timer: timer)
    }

    /// See ``SandboxHandle``.
    package func liveFile(_ action: LiveFileAction, _ path: String) async throws(SandboxError)
        -> OwnedDescriptor
    {
        try await sandbox.liveFile(action, path)
    }

    /// See ``SandboxHandle``.
    package func executed() async -> ExitReport? { await sandbox.executed() }

    // MARK: Streams

    /// See ``SandboxHandle``.
    package func dial(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        try await sandbox.dial(port: port)
    }
    /// See ``SandboxHandle``.
    package func dialDatagrams(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        try await sandbox.dialDatagrams(port: port)
    }
    /// See ``SandboxHandle``.
    package func dial(port: UInt16, at address: LinkAddress, from source: LinkAddress)
        async throws(SandboxError) -> OwnedDescriptor
    {
        try await sandbox.dial(port: port, at: address, from: source)
    }
    /// See ``SandboxHandle``.
    package func listenForLinks() async throws(SandboxError) -> OwnedDescriptor {
        try await sandbox.listenForLinks()
    }
    /// See ``SandboxHandle``.
    package func openHosts() async throws(SandboxError) -> OwnedDescriptor {
        try await sandbox.openHosts()
    }
    /// See ``SandboxHandle``.
    package func setLinks(_ links: [LinkAddress]) async throws(SandboxError) {
        try await sandbox.setLinks(links)
    }
    /// See ``SandboxHandle``.
    package func openProcesses() async throws(SandboxError) -> OwnedDescriptor {
        try await sandbox.openProcesses()
    }
    /// See ``SandboxHandle``.
    package func createFile(_ path: String, mode: UInt32) async throws(SandboxError) -> OwnedDescriptor {
        try await sandbox.createFile(path, mode: mode)
    }
    /// See ``SandboxHandle``.
    package func holdRoot() { sandbox.holdRoot() }
    /// See ``SandboxHandle``.
    package func openFile(_ path: String) async throws(SandboxError) -> OwnedDescriptor {
        try await sandbox.openFile(path)
    }
    /// See ``SandboxHandle``.
    package func usage() async -> ContainerUsage? { await sandbox.usage() }
    /// See ``SandboxHandle``.
    package var containerName: String { sandbox.name }
    /// See ``SandboxHandle``.
    package func write(_ bytes: ByteBuffer) async -> Bool { await sandbox.write(bytes) }
    /// See ``SandboxHandle``.
    package func closeInput() { sandbox.closeInput() }
    /// See ``SandboxHandle``.
    package func collect(upTo limit: Int) async -> WarmSandbox.Collected {
        await sandbox.collect(upTo: limit)
    }
    /// See ``SandboxHandle``.
    package func nextOutput() async -> ByteBuffer? { await sandbox.nextOutput() }
    /// See ``SandboxHandle``.
    package func exit() async -> ExitReport { await sandbox.exit() }
    /// See ``SandboxHandle``.
    package func signal(_ number: Int32) { sandbox.signal(number) }
    /// See ``SandboxHandle``.
    package func resizeTerminal(rows: UInt16, columns: UInt16) {
        sandbox.resizeTerminal(rows: rows, columns: columns)
    }
    /// See ``SandboxHandle``.
    package func holdErrors(_ isHeld: Bool) { sandbox.holdErrors(isHeld) }

    /// Runs a command without input to its end, with both outputs as they come.
    ///
    /// - Parameters:
    ///   - command: what PID 1 executes.
    ///   - output: called with each piece of stdout, from any thread; must not block.
    ///   - errors: the same for stderr, at the same time perhaps.
    /// - Returns: how PID 1 ended, and why Mayfly ended it, if it did.
    /// - Throws: ``SandboxError`` when the slot is gone or the command too large.
    package func run(
        _ command: SandboxCommand,
        output: @Sendable ([UInt8]) -> Void,
        errors: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(SandboxError) -> (report: ExitReport, cause: StopCause?) {
        try start(command) { errors(Array(buffer: $0)) }
        closeInput()
        while let piece = await nextOutput() { output(Array(buffer: piece)) }
        let report = await exit()
        return (report, ended())
    }
}
