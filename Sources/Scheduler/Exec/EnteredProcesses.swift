// SPDX-License-Identifier: Apache-2.0
// Makes processes in running containers for callers, and keeps those that run. Engine owns one.

package import FunctionModel
import NIOCore
import Sandbox
import Synchronization

/// Processes that entered a container, each with its streams at a caller's.
package final class EnteredProcesses: Sendable {
    /// Over all containers: people and scripts use a few, and each costs the gateway four descriptors.
    static let countMax = 256
    /// Pauses until a container that was only just started has executed its program; together a second.
    private static let startPauses = 100
    private static let startPause = Duration.milliseconds(10)
    /// Longest wait for the execution of a detached process: root of its container can stop it before.
    private static let executionPatience = Duration.seconds(5)

    private struct State {
        var processes: [String: EnteredProcess] = [:]
        /// Being made.
        var startingCount = 0
        var isEnded = false
    }

    /// Lists of processes that are read at once; further callers wait some milliseconds.
    private static let listsMax = 2

    private let target: @Sendable (String) -> ExecTarget.Found
    let lists = TurnQueue(listsMax)
    private let state = Mutex(State())

    /// - Parameter target: finds a container that runs by a name.
    init(_ target: @escaping @Sendable (String) -> ExecTarget.Found) { self.target = target }

    /// Makes a process; its output waits for ``EnteredProcess/next()``.
    ///
    /// A detached one is returned when its program was executed, or could not be.
    ///
    /// - Parameters:
    ///   - name: a container or a call, as `faasctl ps` shows it.
    ///   - request: what to execute.
    /// - Returns: the process; a detached one needs no reader and no ``EnteredProcess/close()``.
    /// - Throws: ``ExecError``; nothing is left then.
    package func start(_ name: String, _ request: ExecRequest) async throws(ExecError) -> EnteredProcess {
        do throws(ModelError) { try request.check() } catch { throw .invalid(error) }
        try reserve()
        defer { state.withLock { $0.startingCount -= 1 } }
        let found = try find(target: name)
        let queue = OutputQueue()
        let relay = ErrorRelay(queue)
        let session = try await Self.enter(found, try found.plan(request)) { relay.received($0) }
        relay.connect(session)
        if request.hasTerminal { session.resizeTerminal(rows: request.rows, columns: request.columns) }
        let process = try keep(request, session, queue)
        if request.isDetached { try await detach(process) }
        return process
    }

    /// The files of a container, which runs or rests.
    ///
    /// - Parameter name: as with ``start(_:_:)``.
    /// - Returns: the files, whose ``ContainerFiles/end()`` the caller owes.
    /// - Throws: ``ExecError``.
    package func files(of name: String) async throws(ExecError) -> ContainerFiles {
        guard case .resting(let container) = target(name) else {
            return ContainerFiles(try find(target: name).session)
        }
        do throws(ContainerError) { return try await container.restingFiles() } catch {
            throw .container(error)
        }
    }

    func find(target name: String) throws(ExecError) -> ExecTarget {
        switch target(name) {
        case .unknown: throw .unknown(name)
        case .ambiguous(let count): throw .ambiguous(name, count)
        case .notRunning(let text): throw .notRunning(text)
        case .resting(let container):
            throw .notRunning("container \(container.name) is not running; start it first")
        case .one(let found): return found
        }
    }

    /// A running one by its id.
    package func find(_ id: String) -> EnteredProcess? { state.withLock { $0.processes[id] } }

    /// How many run.
    var count: Int { state.withLock { $0.processes.count } }

    /// Ends all of them and takes no more.
    package func end() {
        let processes = state.withLock { state in
            state.isEnded = true
            return Array(state.processes.values)
        }
        for process in processes { process.close() }
    }

    private static func enter(
        _ target: ExecTarget,
        _ plan: ProcessPlan,
        _ onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) async throws(ExecError) -> ContainerSession {
        for _ in 0..<startPauses {
            do throws(SandboxError) {
                return try await target.session.enter(plan, onStandardError: onStandardError)
            } catch .notYet {
                // A cancelled sleep only makes the next attempt come sooner.
                try? await Task.sleep(for: startPause)
            } catch .gone {
                throw .notRunning("the container has ended")
            } catch .exhausted(let reason) {
                throw .unavailable(reason)
            } catch {
                throw .notStarted(error.description)
            }
        }
        throw .notRunning(SandboxError.notYet.description)
    }

    private func reserve() throws(ExecError) {
        let refusal: String? = state.withLock { state in
            if state.isEnded { return "the gateway is stopping" }
            guard state.processes.count + state.startingCount < Self.countMax else {
                return "\(Self.countMax) processes have entered containers already"
            }
            state.startingCount += 1
            return nil
        }
        if let refusal { throw .unavailable(refusal) }
    }

    private func keep(
        _ request: ExecRequest,
        _ session: ContainerSession,
        _ queue: OutputQueue
    ) throws(ExecError) -> EnteredProcess {
        let id = String(UInt64.random(in: .min ... .max), radix: 16)
        let process = EnteredProcess(
            id: id,
            session: session,
            program: request.command.first ?? "",
            queue: queue
        ) { [weak self] in
            self?.state.withLock { _ = $0.processes.removeValue(forKey: id) }
        }
        let isEnded = state.withLock { state in
            if !state.isEnded { state.processes[id] = process }
            return state.isEnded
        }
        process.follow(hasInput: request.hasInput && !request.isDetached)
        if isEnded {
            process.close()
            throw .unavailable("the gateway is stopping")
        }
        return process
    }

    /// Waits for the execution; then reads what it writes until its end, and drops that.
    private func detach(_ process: EnteredProcess) async throws(ExecError) {
        let isLate = Atomic(false)
        let limit = Task {
            // A cancelled sleep means that it was executed in time.
            guard (try? await Task.sleep(for: Self.executionPatience)) != nil else { return }
            isLate.store(true, ordering: .relaxed)
            process.close()
        }
        let report = await withTaskCancellationHandler {
            await process.session.executed()
        } onCancel: {
            process.close()
        }
        limit.cancel()
        if isLate.load(ordering: .relaxed) {
            throw .notStarted("its program was not executed within \(Self.executionPatience)")
        }
        let discarding = Task {
            while await process.next() != nil {}
            process.close()
        }
        // What was not executed has ended: its caller learns why.
        if case .notStarted? = report?.ending { await discarding.value }
        if case .execFailed? = report?.ending { await discarding.value }
    }
}
