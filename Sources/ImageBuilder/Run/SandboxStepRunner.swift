// SPDX-License-Identifier: Apache-2.0
// Executes RUN steps in the same kind of container as functions. ImageBuilder uses it.

package import ImageStore
package import FunctionModel
import Glibc
package import Sandbox
import Synchronization

/// Runs each command in a slot of its own, whose writable layer is the step's folder.
///
/// The step's root is root of the container's user namespace only, with Docker's capabilities over its own ids; the
/// seccomp filter, masks and limits are those of functions. Its files have on the disk the owner numbers that the
/// step gave them.
package struct SandboxStepRunner: StepRunner {
    /// DATA: all files of the host that a step sees are below it.
    let dataDirectory: String
    /// Changes the owners of the step's folder to those of the container.
    let trees: TreeAccess
    let limits: StepLimits
    /// Networks besides the public internet that a step with a network reaches.
    let egressAllow: [IPv4Network]
    /// Enforces the time limits of steps.
    private let timer = DeadlineTimer()
    /// The current spawner; nil while a new one starts.
    let spawner: @Sendable () -> Spawner?

    package init(
        dataDirectory: String,
        trees: TreeAccess = .direct,
        limits: StepLimits = .ofHost,
        egressAllow: [IPv4Network] = [],
        spawner: @escaping @Sendable () -> Spawner?
    ) {
        self.dataDirectory = dataDirectory
        self.trees = trees
        self.limits = limits
        self.egressAllow = egressAllow
        self.spawner = spawner
    }

    /// The network of a step outside its container; loopback is the container's own.
    private static func reachable(_ networks: [IPv4Network]) -> [String] {
        networks.filter { network in !IPv4Network.unreachable.contains { $0.contains(network) } }.map(\.text)
    }

    /// Runs one command; its output lists the features that this host lacks.
    ///
    /// - Throws: ``StepFailure``.
    package func run(
        _ command: StepCommand,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> RunOutcome {
        guard let spawner = spawner() else {
            throw .unavailable("RUN (the spawner is being restarted)")
        }
        var plan = try StepPlan.plan(
            for: command,
            limits: limits,
            egressAllow: Self.reachable(egressAllow),
            dataDirectory: dataDirectory,
            translatesOwners: trees.keepsOwners
        )
        if !trees.keepsOwners { output(Array(StepPlan.rootlessRemark.utf8)) }
        if plan.sandbox.network == .egress, let refusal = spawner.egressRefusal {
            plan.sandbox.network = .none
            output(Array(StepPlan.networkRemark(refusal).utf8))
        }
        try await prepareRoot(of: command)
        let sandbox = plan.sandbox
        let session = try await starting(command) { () async throws(SandboxError) in
            try await ContainerSession.make(sandbox, by: spawner, policy: .killAtOnce, timer: timer)
        }
        defer { _ = session.ended() }
        let report = try await execute(command, as: plan.command, in: session, output)
        // As root the owners are those of the image; without root, all files belong to this user.
        return RunOutcome(report: report, firstHostID: trees.keepsOwners ? 0 : geteuid())
    }

    private func starting<Value: Sendable>(
        _ command: StepCommand,
        _ body: () async throws(SandboxError) -> Value
    ) async throws(StepFailure) -> Value {
        do throws(SandboxError) {
            return try await body()
        } catch {
            throw .notStarted(command: command.arguments.joined(separator: " "), reason: error.description)
        }
    }

    /// The upper folder's attributes become those of `/` in the container.
    private func prepareRoot(of command: StepCommand) async throws(StepFailure) {
        do throws(ImageError) {
            try await LayerFolder(changes: command.changes, scratch: command.scratch)
                .prepare(above: command.rootfs, trees)
        } catch {
            throw .image(error)
        }
    }

    private func execute(
        _ command: StepCommand,
        as words: SandboxCommand,
        in session: ContainerSession,
        _ output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> ExitReport {
        let lines = StepOutput(output)
        session.limitTime(to: command.timeLimit)
        let watching = Task { await watchDisk(command, session) }
        defer { watching.cancel() }
        let result: Result<(report: ExitReport, cause: StopCause?), SandboxError> =
            await withTaskCancellationHandler {
                do throws(SandboxError) {
                    let ended = try await session.run(words) {
                        lines.add($0, \.output)
                    } errors: {
                        lines.add($0, \.errors)
                    }
                    lines.finish()
                    return .success(ended)
                } catch {
                    return .failure(error)
                }
            } onCancel: {
                session.stop(.cancelled)
            }
        let ended = try await starting(command) { () async throws(SandboxError) in try result.get() }
        if let cause = ended.cause { throw failure(cause, of: command) }
        return ended.report
    }

    private func failure(_ cause: StopCause, of command: StepCommand) -> StepFailure {
        switch cause {
        case .timeout:
            .limit(what: "time of one step in seconds", limit: Int(command.timeLimit.components.seconds))
        case .hostDiskFull: .image(.noSpace(path: dataDirectory))
        case .cancelled, .inputLimit, .inputMalformed, .inputStalled, .outputLimit, .outputMalformed,
            .answered:
            .cancelled
        }
    }

    /// Kills the step when the disk is nearly full.
    private func watchDisk(_ command: StepCommand, _ session: ContainerSession) async {
        while !Task.isCancelled {
            if let free = Self.freeBytes(at: command.changes), free < limits.freeSpaceFloor.bytes {
                return session.stop(.hostDiskFull)
            }
            // A cancelled sleep means that the step has ended.
            do { try await Task.sleep(for: limits.watchInterval) } catch { return }
        }
    }

    /// Nil when the file system does not report it.
    private static func freeBytes(at path: String) -> Int? {
        var status = statvfs()
        return statvfs(path, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : nil
    }
}

/// Keeps the lines of stdout and stderr complete, from any thread.
private final class StepOutput: Sendable {
    struct Splitters {
        var output = ProgressLineSplitter()
        var errors = ProgressLineSplitter()
    }

    private let splitters = Mutex(Splitters())
    private let write: @Sendable ([UInt8]) -> Void

    init(_ write: @escaping @Sendable ([UInt8]) -> Void) { self.write = write }

    func add(_ bytes: [UInt8], _ stream: WritableKeyPath<Splitters, ProgressLineSplitter>) {
        splitters.withLock { pass($0[keyPath: stream].add(bytes)) }
    }

    func finish() { splitters.withLock { pass($0.output.finish() + $0.errors.finish()) } }

    private func pass(_ lines: [String]) { for line in lines { write(Array(line.utf8) + [10]) } }
}

extension StepLimits {
    /// The bounds on this host.
    package static var ofHost: StepLimits {
        StepLimits(
            hostMemoryBytes: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)),
            processors: sysconf(Int32(_SC_NPROCESSORS_ONLN))
        )
    }
}
