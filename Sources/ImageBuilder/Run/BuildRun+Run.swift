// SPDX-License-Identifier: Apache-2.0
// RUN: the tree, the user, the environment, and the layer of the command's changes. Part of BuildRun.

import OCI
import ImageStore
import Foundation
import FunctionModel
import Sandbox
import Synchronization

extension BuildRun {
    /// Executes RUN, or uses its result in the cache.
    func run(
        _ run: RunInstruction,
        _ step: Step,
        in stage: Int,
        _ state: inout StageState
    ) async throws(StepFailure) {
        let plan = RunPlan(run, draft: state.draft)
        let network = try network(of: run)
        let mounts = try await mounts(of: run, in: stage, state)
        var parts = ["RUN"] + plan.arguments + [plan.script ?? "", network.rawValue]
        parts += ["environment"] + state.draft.runEnvironment + ["mounts"] + mounts.flatMap(\.keyParts)
        let key = CacheKey.chained(state.key, parts)
        if let record = await record(key) { return finish(cached: record, key: key, step, &state) }
        let folder = try await StepFolder.make(in: builder.directory)
        let result: StepResult
        do throws(StepFailure) {
            result = try await execute(plan, mounts: mounts, network: network, folder: folder, state)
        } catch {
            await folder.remove(builder.store.trees, builder.logger)
            throw error
        }
        await folder.remove(builder.store.trees, builder.logger)
        try await finish(result, keys: [key], step, &state)
    }

    private func network(of run: RunInstruction) throws(StepFailure) -> NetworkMode {
        if run.security == .insecure { throw .unavailable("RUN --security=insecure") }
        switch run.network {
        case nil, .default: return request.networkMode
        case .none?: return NetworkMode.none
        case .host: throw .unavailable("RUN --network=host")
        }
    }

    private func execute(
        _ plan: RunPlan,
        mounts: [PlannedMount],
        network: NetworkMode,
        folder: StepFolder,
        _ state: StageState
    ) async throws(StepFailure) -> StepResult {
        let (root, account) = try await root(of: state)
        // The next step may change the tree after its use ends.
        defer { withExtendedLifetime(root) {} }
        let prepared = try await prepare(mounts, folder: folder)
        var command = StepCommand(
            image: ContainerImage(
                rootfs: root.path,
                account: account,
                execution: RunPlan.execution(of: state.draft)
            ),
            changes: folder.changes,
            scratch: folder.scratch,
            arguments: plan.arguments,
            // Proxies are set for every RUN, but are part of neither the image nor the cache key.
            proxies: request.buildArguments.filter { BuildPlan.proxyArguments.contains($0.key) },
            environment: prepared.environment,
            mounts: prepared.mounts,
            network: network,
            timeLimit: RunPlan.timeLimit
        )
        if let script = plan.script {
            let path = try await folder.write(
                "script",
                Array(script.utf8),
                mode: 0o755,
                trees: builder.store.trees
            )
            command.mounts.append(
                StepCommand.Mount(source: .host(path: path), target: RunPlan.scriptPath, readOnly: true)
            )
        }
        command.mounts = try await resolved(command.mounts, in: root.path)
        let outcome = try await execute(command)
        withExtendedLifetime(prepared.locks) {}
        return try await layer(of: command, outcome)
    }

    /// Mounts with their targets resolved in the image's tree.
    private func resolved(
        _ mounts: [StepCommand.Mount],
        in rootfs: String
    ) async throws(StepFailure) -> [StepCommand.Mount] {
        if mounts.isEmpty { return [] }
        let trees = builder.store.trees
        return try await BlockingWork.run { () throws(StepFailure) in
            let tree = try trees.tree(at: rootfs)
            return try mounts.map { mount throws(StepFailure) in
                var mount = mount
                mount.target = "/" + (try tree.resolve(mount.target).path)
                return mount
            }
        }
    }

    /// The unpacked tree of the stage, and the ids of its user.
    private func root(of state: StageState) async throws(StepFailure) -> (StepRoot, ContainerAccount) {
        do throws(ImageError) {
            let digest = try await stageImage(of: state)
            let root = try await builder.store.stepRoot(for: digest)
            let user = state.draft.execution.user ?? ""
            return (root, try await builder.store.account(user, in: root.path))
        } catch {
            throw .image(error)
        }
    }

    private func execute(_ command: StepCommand) async throws(StepFailure) -> RunOutcome {
        let lines = OutputLines(events)
        let outcome = try await builder.runner.run(command) { lines.add($0) }
        lines.finish()
        let name = command.arguments.joined(separator: " ")
        let text =
            name.count > DockerfileError.textLimit ? name.prefix(DockerfileError.textLimit) + "…" : name
        let end = ContainerEnd(outcome.report, program: command.arguments.first ?? "")
        switch end.meaning {
        case .success: return outcome
        case .failure: throw .exit(command: text, code: end.shellCode)
        case .outOfMemory where end.signal == nil: throw .exit(command: text, code: end.shellCode)
        case .signal, .outOfMemory:
            throw .killed(
                command: text,
                signal: end.signal ?? SIGKILL,
                outOfMemory: end.meaning == .outOfMemory
            )
        case .notExecuted, .lost, .notStarted: throw .notStarted(command: text, reason: end.note ?? "")
        }
    }

    private func layer(of command: StepCommand, _ outcome: RunOutcome) async throws(StepFailure) -> StepResult
    {
        let writer = layerWriter
        let dates = dates
        let trees = builder.store.trees
        return try await BlockingWork.run { () throws(StepFailure) in
            let lower = try trees.tree(at: command.rootfs)
            let reader = UpperReader(
                tree: try trees.tree(at: command.changes),
                isCancelled: writer.isCancelled
            )
            let entries = try UpperLayer.entries(
                try reader.items(),
                firstHostID: outcome.firstHostID,
                mounts: command.mounts.map { TreePath.clean($0.target) },
                dates: dates
            ) { path throws(StepFailure) in try lower.node(path) != nil }
            return StepResult(layer: entries.isEmpty ? nil : try writer.write(entries), entries: nil)
        }
    }
}

/// Makes events of pieces of output, from any thread.
private final class OutputLines: Sendable {
    private let splitter = Mutex(ProgressLineSplitter())
    private let events: @Sendable (BuildEvent) -> Void

    init(_ events: @escaping @Sendable (BuildEvent) -> Void) { self.events = events }

    func add(_ bytes: [UInt8]) {
        // Called under the lock, so that lines of two threads keep their order.
        splitter.withLock { splitter in
            for line in splitter.add(bytes) { events(.output(line)) }
        }
    }

    func finish() {
        splitter.withLock { splitter in
            for line in splitter.finish() { events(.output(line)) }
        }
    }
}
