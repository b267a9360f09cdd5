// SPDX-License-Identifier: Apache-2.0
// Executes one step, unless the cache has its result. Part of BuildRun.

import OCI
import ImageStore
import Foundation
import FunctionModel

/// The result of a step.
struct StepResult: Sendable {
    /// Nil when the tree is unchanged.
    var layer: Descriptor?
    /// The layer's entries; nil when they are unknown.
    var entries: [LayerEntry]?
}

extension BuildRun {
    /// Executes a step, or uses its result in the cache.
    func execute(_ step: Step, in stage: Int, _ state: inout StageState) async throws(StepFailure) {
        if cancellation.isCancelled { throw .cancelled }
        let parts = try argument { () throws(SyntaxFailure) in
            try state.draft.apply(step.instruction, given: request.buildArguments, globals: plan.globals)
        }
        if let parts { return try await finishConfiguration(step, parts: parts, &state) }
        switch step.instruction {
        case .workingDirectory(let path): try await changeDirectory(path, step, &state)
        case .copy(let copy), .add(let copy): try await self.copy(copy, step, in: stage, &state)
        case .run(let run): try await self.run(run, step, in: stage, &state)
        default: break
        }
    }

    /// A step without files is always executed; the cache only tells whether it is new.
    private func finishConfiguration(
        _ step: Step,
        parts: [String],
        _ state: inout StageState
    ) async throws(StepFailure) {
        let key = CacheKey.chained(state.key, parts)
        let known = await record(key)
        let record = known ?? CacheRecord(layer: nil, created: dates.made)
        state.key = key
        addHistory(step, record, &state)
        if known == nil {
            try await remember(record, for: [key])
        } else {
            events(.cached)
        }
        events(.stepDone(layer: nil))
    }

    /// A step's record in the cache; nil when the request disables the cache.
    func record(_ key: Digest) async -> CacheRecord? {
        if request.noCache { return nil }
        let cache = builder.cache
        return await BlockingWork.run { cache.record(key) }
    }

    private func remember(_ record: CacheRecord, for keys: [Digest]) async throws(StepFailure) {
        let cache = builder.cache
        do throws(ImageError) {
            try await BlockingWork.run { () throws(ImageError) in try cache.store(record, for: keys) }
        } catch {
            throw .image(error)
        }
    }

    /// Uses a result in the cache, and reports that.
    func finish(cached record: CacheRecord, key: Digest, _ step: Step, _ state: inout StageState) {
        state.key = key
        addHistory(step, record, &state)
        if let layer = record.layer {
            state.add(StageLayer(descriptor: layer, diffID: layer.digest), entries: nil)
        }
        events(.cached)
        events(.stepDone(layer: record.layer?.digest))
    }

    /// Uses a new result, and stores it in the cache under each of the keys; the first
    /// becomes the state's.
    func finish(
        _ result: StepResult,
        keys: [Digest],
        _ step: Step,
        _ state: inout StageState
    ) async throws(StepFailure) {
        if let first = keys.first { state.key = first }
        let record = CacheRecord(layer: result.layer, created: dates.made)
        addHistory(step, record, &state)
        if let layer = result.layer {
            state.add(StageLayer(descriptor: layer, diffID: layer.digest), entries: result.entries)
        }
        try await remember(record, for: keys)
        events(.stepDone(layer: result.layer?.digest))
    }

    /// Notes the step with the time at which it was executed: a cached step keeps it, and with it the image its digest.
    private func addHistory(_ step: Step, _ record: CacheRecord, _ state: inout StageState) {
        let entry = ImageConfiguration.HistoryEntry(
            created: BuildDates.text(record.created),
            createdBy: step.text,
            emptyLayer: record.layer == nil ? true : nil
        )
        state.draft.history.append(entry)
    }

    // MARK: Trees

    /// The unpacked tree below a stage's overlay; nil when that is empty.
    func tree(below state: StageState) async throws(StepFailure) -> FileTree? {
        guard state.unpackedLayers > 0 else { return nil }
        var part = state
        part.layers = Array(state.layers.prefix(state.unpackedLayers))
        let root: StepRoot
        do throws(ImageError) {
            root = try await builder.store.stepRoot(for: try await stageImage(of: part))
        } catch {
            throw .image(error)
        }
        let trees = builder.store.trees
        return try await BlockingWork.run { () throws(StepFailure) in
            try trees.tree(at: root.path, keeping: root)
        }
    }

    /// The complete tree of a stage, for COPY --from and mounts.
    func wholeTree(of state: StageState) async throws(StepFailure) -> FileTree? {
        var whole = state
        whole.unpackedLayers = state.layers.count
        return try await tree(below: whole)
    }

    /// An image without a name that has the stage's layers, so that the store unpacks them.
    func stageImage(of state: StageState) async throws(ImageError) -> Digest {
        if let base = state.baseImage, state.layers.count == state.baseLayers { return base }
        var configuration = ImageConfiguration(platform: state.platform)
        configuration.config?.labels = [ImageStore.stepLabel: "true"]
        configuration.rootfs = ImageConfiguration.Layers(diffIDs: state.layers.map(\.diffID))
        return try await builder.store.commit(
            layers: state.layers.map(\.descriptor),
            configuration: configuration,
            reference: nil
        )
    }

    // MARK: WORKDIR

    private func changeDirectory(_ written: String, _ step: Step, _ state: inout StageState)
        async throws(StepFailure)
    {
        let expanded = try argument { () throws(SyntaxFailure) in try state.draft.expander.expand(written) }
        guard !expanded.isEmpty else {
            throw .argument(text: written, expected: "a path; it expands to nothing")
        }
        let path = "/" + TreePath.clean(state.draft.absolute(expanded))
        state.draft.execution.workingDirectory = path
        let key = CacheKey.chained(state.key, ["WORKDIR", path])
        if let record = await record(key) { return finish(cached: record, key: key, step, &state) }
        let tree = try await tree(below: state)
        let overlay = state.overlay
        let writer = layerWriter
        let dates = dates
        var entries = try await BlockingWork.run { () throws(StepFailure) in
            var plan = CopyPlan(dates: dates, lookup: Self.lookup(overlay, tree))
            let resolved = try plan.resolve(path, followsLast: true)
            try plan.makeFolder(resolved.path)
            return plan.sortedEntries()
        }
        // Looking up a user may unpack the tree: done only for absent folders.
        if !entries.isEmpty, let owner = try await folderOwner(state) {
            for index in entries.indices { (entries[index].uid, entries[index].gid) = (owner.uid, owner.gid) }
        }
        let made = entries
        let result = try await BlockingWork.run { () throws(StepFailure) in
            StepResult(layer: made.isEmpty ? nil : try writer.write(made), entries: made)
        }
        try await finish(result, keys: [key], step, &state)
    }

    var layerWriter: LayerWriter {
        let cancellation = cancellation
        return LayerWriter(blobs: builder.store.blobs) { cancellation.isCancelled }
    }

    /// The content of a stage's tree.
    static func lookup(
        _ overlay: TreeOverlay,
        _ tree: FileTree?
    ) -> (String) throws(StepFailure) -> TreeNode? {
        { path throws(StepFailure) in
            try overlay.node(path) { path throws(StepFailure) in try tree?.node(path) }
        }
    }

    /// Converts a mistake in an expanded argument to a failure of the step.
    func argument<Value>(_ body: () throws(SyntaxFailure) -> Value) throws(StepFailure) -> Value {
        do throws(SyntaxFailure) {
            return try body()
        } catch {
            throw .argument(text: error.text, expected: error.expected)
        }
    }
}
