// SPDX-License-Identifier: Apache-2.0
// COPY and ADD. Part of BuildRun.

import OCI
import ImageStore
import Foundation
import FunctionModel

/// A COPY or ADD with its variables expanded.
struct ExpandedCopy: Sendable {
    var copy: CopyInstruction
    /// Absolute, ending in "/" when it was written as a folder.
    var destination: String
    var excludes = IgnoreRules()
    var mode: ModeChange?
    var isAdd: Bool

    /// All settings that affect the result, besides the files.
    var keyParts: [String] {
        let options = [
            copy.owner ?? "", copy.mode ?? "", "\(copy.parents)", "\(copy.link)",
            "\(copy.unpack.map(String.init) ?? "")",
        ]
        return [isAdd ? "ADD" : "COPY", destination] + options + copy.excludes
    }

    var isFolder: Bool {
        destination.hasSuffix("/") || copy.sources.count + copy.heredocs.count > 1
    }
}

/// The source of a COPY.
enum CopyOrigin {
    case context
    case stage(StageState, label: String)
    case image(Image, reference: String)
}

extension BuildRun {
    /// Executes COPY or ADD, or uses the result in the cache.
    func copy(
        _ written: CopyInstruction,
        _ step: Step,
        in stage: Int,
        _ state: inout StageState
    ) async throws(StepFailure) {
        var isAdd = false
        if case .add = step.instruction { isAdd = true }
        let expanded = try expand(written, isAdd: isAdd, state.draft)
        let parent = state.key
        // A layer that does not depend on the layers below has the same key above all of them.
        let isLinked = try isIndependent(expanded)
        if isLinked { state.key = CacheKey.chained(nil, ["link", dates.keyPart]) }
        try await copy(expanded, step, in: stage, &state)
        if isLinked { state.key = CacheKey.chained(parent, ["link", state.key.hex]) }
    }

    /// Whether the layer is independent of the layers below: `--link`, and no owner's name that is looked up there.
    private func isIndependent(_ expanded: ExpandedCopy) throws(StepFailure) -> Bool {
        guard expanded.copy.link else { return false }
        guard let owner = expanded.copy.owner else { return true }
        return try OwnerLookup.numeric(owner) != nil
    }

    private func copy(
        _ expanded: ExpandedCopy,
        _ step: Step,
        in stage: Int,
        _ state: inout StageState
    ) async throws(StepFailure) {
        let origin = try await origin(expanded.copy.from, in: stage, state)
        var keys: [Digest] = []
        // Files of a stage or image are identified by its key, without reading them.
        let originKey: String? =
            switch origin {
            case .context: nil
            case .stage(let other, _): other.key.hex
            case .image(let image, _): image.configurationDigest.hex
            }
        if let originKey {
            let parts = expanded.keyParts + ["from", originKey] + expanded.copy.sources
            let key = CacheKey.chained(state.key, parts)
            if let record = await record(key) { return finish(cached: record, key: key, step, &state) }
            keys.append(key)
        }
        let sources = try await collect(expanded, from: origin)
        let content = try await digest(of: sources)
        let key = CacheKey.chained(state.key, expanded.keyParts + ["content", content.hex])
        if let record = await record(key) {
            return finish(cached: record, key: keys.first ?? key, step, &state)
        }
        keys.append(key)
        let result = try await place(sources, expanded, state)
        try await finish(result, keys: keys, step, &state)
    }

    // MARK: Expansion

    private func expand(
        _ written: CopyInstruction,
        isAdd: Bool,
        _ draft: StageDraft
    ) throws(StepFailure) -> ExpandedCopy {
        try argument { () throws(SyntaxFailure) in
            let expander = draft.expander
            var copy = written
            for (index, source) in written.sources.enumerated() {
                copy.sources[index] = try expander.expand(source)
                guard !copy.sources[index].isEmpty else {
                    throw SyntaxFailure(source, expected: "a source; it expands to nothing")
                }
            }
            for (index, exclude) in written.excludes.enumerated() {
                copy.excludes[index] = try expander.expand(exclude)
            }
            for (index, document) in written.heredocs.enumerated() where document.expands {
                copy.heredocs[index].content = try expander.expandDocument(document.content)
            }
            let destination = try expander.expand(written.destination)
            guard !destination.isEmpty else {
                throw SyntaxFailure(written.destination, expected: "a destination; it expands to nothing")
            }
            copy.from = try written.from.map { text throws(SyntaxFailure) in
                try WordExpander(plan.globals, escape: draft.escape).expand(text)
            }
            copy.owner = try written.owner.map { text throws(SyntaxFailure) in try expander.expand(text) }
            copy.mode = try written.mode.map { text throws(SyntaxFailure) in try expander.expand(text) }
            copy.checksum = try written.checksum.map { text throws(SyntaxFailure) in
                try Self.checksum(expander.expand(text))
            }
            let path = "/" + TreePath.clean(draft.absolute(destination))
            let isFolder = TreePath.namesFolder(destination) && path != "/"
            var result = ExpandedCopy(copy: copy, destination: isFolder ? path + "/" : path, isAdd: isAdd)
            result.mode = try copy.mode.map { text throws(SyntaxFailure) in try ModeChange(text) }
            result.excludes = try IgnoreRules(patterns: copy.excludes)
            if written.checksum != nil, let other = copy.sources.first(where: { !Download.isURL($0) }) {
                throw SyntaxFailure(other, expected: "a URL, because of --checksum")
            }
            return result
        }
    }

    private static func checksum(_ text: String) throws(SyntaxFailure) -> String {
        guard let digest = try? Digest(text) else {
            throw SyntaxFailure("--checksum=\(text)", expected: "sha256: and 64 hexadecimal digits")
        }
        return digest.description
    }

    /// Resolves `--from` in a stage.
    func origin(_ name: String?, in stage: Int, _ state: StageState) async throws(StepFailure)
        -> CopyOrigin
    {
        guard let name else { return .context }
        switch plan.base(named: name, before: stage, allowsIndex: true) {
        case .scratch: throw .unknownStage(name)
        case .stage(let index):
            guard let other = finished[index] else { throw .unknownStage(name) }
            return .stage(other, label: name)
        case .image(let reference):
            do throws(StepFailure) {
                let image = try await image(reference, platform: state.platform)
                return .image(image, reference: reference)
            } catch .image(.unknownImage), .image(.invalid(.malformedReference)) {
                throw .unknownStage(name)
            }
        }
    }

    // MARK: Placing

    private func place(
        _ sources: [CopySource],
        _ expanded: ExpandedCopy,
        _ state: StageState
    ) async throws(StepFailure) -> StepResult {
        // With --link the layer does not depend on the layers below, so links there are not followed.
        let isLinked = expanded.copy.link
        let tree = isLinked ? nil : try await tree(below: state)
        let owner = try await owner(expanded.copy.owner, state)
        let overlay = isLinked ? TreeOverlay() : state.overlay
        let writer = layerWriter
        let dates = dates
        return try await BlockingWork.run { () throws(StepFailure) in
            var plan = CopyPlan(dates: dates, lookup: Self.lookup(overlay, tree))
            plan.owner = owner
            plan.mode = expanded.mode
            let isFolder = expanded.isFolder || sources.count > 1
            for source in sources { try plan.place(source, at: expanded.destination, isFolder: isFolder) }
            let entries = plan.sortedEntries()
            return StepResult(layer: entries.isEmpty ? nil : try writer.write(entries), entries: entries)
        }
    }

    /// Looks up `--chown` in the stage's own /etc/passwd and /etc/group.
    private func owner(_ text: String?, _ state: StageState) async throws(StepFailure) -> CopyPlan.Owner? {
        guard let text else { return nil }
        if let owner = try OwnerLookup.numeric(text) { return owner }
        return try await ownerLookup(of: state).owner(text)
    }

    /// The owner of the folders that WORKDIR makes: the stage's user, or root when the image does not have it.
    func folderOwner(_ state: StageState) async throws(StepFailure) -> CopyPlan.Owner? {
        guard let user = state.draft.execution.user, !user.isEmpty else { return nil }
        do throws(StepFailure) {
            return try await owner(user, state)
        } catch .unknownOwner {
            return nil
        } catch .argument {
            // Forms such as `USER :group` are checked when a container starts.
            return nil
        }
    }

    private func ownerLookup(of state: StageState) async throws(StepFailure) -> OwnerLookup {
        let tree = try await wholeTree(of: state)
        return try await BlockingWork.run { () throws(StepFailure) in
            let passwd = try tree?.read("etc/passwd", limit: OwnerLookup.fileSizeLimit) ?? []
            let group = try tree?.read("etc/group", limit: OwnerLookup.fileSizeLimit) ?? []
            return OwnerLookup(
                passwd: String(decoding: passwd, as: UTF8.self),
                group: String(decoding: group, as: UTF8.self)
            )
        }
    }
}
