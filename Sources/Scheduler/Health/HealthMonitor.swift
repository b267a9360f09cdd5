// SPDX-License-Identifier: Apache-2.0
// Asks one run of a container again and again whether it is well. Container+Run starts and ends it.

import FoundationEssentials
import FunctionModel
import NIOCore
import Sandbox
import Synchronization

/// The health checks of one run, from its start to ``end()``.
final class HealthMonitor: Sendable {
    /// Of a probe's output, as with Docker: people read it, nothing else does.
    static let outputBytesMax = 4096
    /// Exit code of a probe that has none of its own.
    static let noExitCode: Int32 = -1

    /// What it asks of its container.
    struct Run: Sendable {
        var target: ExecTarget
        /// Whether its processes are stopped where they are: no probe is made then.
        var isPaused: @Sendable () -> Bool
        /// Its health has changed.
        var onChange: @Sendable (ContainerHealth) -> Void
    }

    private let plan: HealthPlan
    private let run: Run
    private let startedAt = ContinuousClock.now
    private let state: Mutex<HealthState>
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ plan: HealthPlan, _ run: Run) {
        self.plan = plan
        self.run = run
        state = Mutex(HealthState(plan))
    }

    /// What is known by now.
    var report: HealthReport { state.withLock { $0.report } }

    /// The first probe comes after the first pause.
    func start() { task.withLock { $0 = Task { await self.watch() } } }

    /// No further probe; one that runs ends with its container.
    ///
    /// Idempotent, does not wait.
    func end() {
        task.withLock { task in
            task?.cancel()
            task = nil
        }
    }

    private func watch() async {
        while !Task.isCancelled {
            let pause = state.withLock { $0.pause(at: .now - startedAt) }
            // A cancelled sleep is the end.
            do { try await Task.sleep(for: pause) } catch { return }
            guard !run.isPaused() else { continue }
            let age = ContinuousClock.now - startedAt
            let probe = await probe()
            guard !Task.isCancelled else { return }
            // What could not be asked because it was stopped meanwhile says nothing.
            if probe.exitCode != 0, run.isPaused() { continue }
            if let health = state.withLock({ $0.ended(probe, at: age) }) { run.onChange(health) }
        }
    }

    // MARK: One probe

    private func probe() async -> HealthProbe {
        let begin = Date()
        let output = ProbeOutput()
        let (code, remark) = await ask(output)
        let text = output.text + (remark ?? "")
        return HealthProbe(startedAt: begin, endedAt: Date(), exitCode: code, output: text)
    }

    /// - Returns: the exit code, and what it does not say.
    private func ask(_ output: ProbeOutput) async -> (Int32, String?) {
        let session: ContainerSession
        do throws(ExecError) {
            let plan = try run.target.plan(ExecRequest(command: plan.command))
            do throws(SandboxError) {
                session = try await run.target.session.enter(plan) { output.add($0) }
            } catch {
                return (Self.noExitCode, error.description)
            }
        } catch {
            return (Self.noExitCode, "\(error)")
        }
        session.closeInput()
        session.limitTime(to: plan.timeout)
        while let piece = await session.nextOutput() { output.add(piece) }
        let end = ContainerEnd(await session.exit(), program: plan.command[0])
        if session.ended() == .timeout {
            return (Self.noExitCode, "Health check exceeded timeout (\(TimeSpan(plan.timeout)))")
        }
        return (end.shellCode, end.note)
    }
}

/// The beginning of what a probe writes.
private final class ProbeOutput: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func add(_ piece: ByteBuffer) {
        bytes.withLock { bytes in
            let rest = HealthMonitor.outputBytesMax - bytes.count
            bytes += piece.readableBytesView.prefix(max(0, rest))
        }
    }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}
