// SPDX-License-Identifier: Apache-2.0
// `RUN --mount`: makes the folders and files of the host that an instruction mounts. Part of BuildRun.

import OCI
import ImageStore
import Foundation
import FunctionModel
import Glibc

/// A mount with its variables expanded.
struct PlannedMount: Sendable {
    var mount: RunMount
    /// Its part of the cache key: the contents of secrets and caches are not included.
    var keyParts: [String]
    /// For a bind: the files, when they come from the context.
    var sources: [CopySource] = []
    /// For a bind: the tree of a stage or image, and the path in it.
    var origin: (tree: FileTree, path: String)?
}

/// The mounts for the runner.
struct PreparedMounts {
    var mounts: [StepCommand.Mount] = []
    /// Secrets in environment variables, by name.
    var environment: [String: String] = [:]
    /// Kept in use while the step runs.
    var locks: [CacheFolder] = []
}

extension BuildRun {
    /// Expands and checks the mounts of a step.
    func mounts(
        of run: RunInstruction,
        in stage: Int,
        _ state: StageState
    ) async throws(StepFailure) -> [PlannedMount] {
        var planned: [PlannedMount] = []
        for text in run.mounts {
            var mount = try argument { () throws(SyntaxFailure) in
                try RunMount(try state.draft.expander.expand(text))
            }
            mount.target = mount.target.map(state.draft.absolute)
            switch mount.kind {
            case .ssh: throw .unavailable("RUN --mount=type=ssh")
            case .bind: planned.append(try await bind(mount, text, in: stage, state))
            case .cache where mount.from != nil: throw .unavailable("RUN --mount=type=cache with from")
            case .secret where mount.required && request.secrets[secretID(mount)] == nil:
                throw .argument(
                    text: "--mount=\(text)",
                    expected: "the secret '\(secretID(mount))' to be given"
                )
            case .cache, .tmpfs, .secret: planned.append(PlannedMount(mount: mount, keyParts: [text]))
            }
        }
        return planned
    }

    private func secretID(_ mount: RunMount) -> String {
        mount.id ?? mount.target.map(TreePath.name) ?? mount.environmentName ?? ""
    }

    private func bind(
        _ mount: RunMount,
        _ text: String,
        in stage: Int,
        _ state: StageState
    ) async throws(StepFailure) -> PlannedMount {
        var planned = PlannedMount(mount: mount, keyParts: [text])
        guard let name = mount.from else {
            let cancellation = cancellation
            let context = context
            let collector = SourceCollector(
                tree: context.tree,
                place: "the build context",
                ignore: context.ignore
            ) { cancellation.isCancelled }
            let path = mount.source ?? "/"
            planned.sources = try await BlockingWork.run { () throws(StepFailure) in
                try collector.collect(path)
            }
            planned.keyParts.append(try await digest(of: planned.sources).hex)
            return planned
        }
        let (tree, key) = try await tree(named: name, in: stage, state)
        guard let tree else { throw .noSource(mount.source ?? "/", place: "'\(name)'") }
        let resolved = try await BlockingWork.run { () throws(StepFailure) in
            try tree.resolve(mount.source ?? "/")
        }
        guard resolved.node != nil else { throw .noSource(mount.source ?? "/", place: "'\(name)'") }
        planned.origin = (tree, resolved.path)
        planned.keyParts.append(key)
        return planned
    }

    /// Makes the content of the mounts.
    func prepare(_ mounts: [PlannedMount], folder: StepFolder) async throws(StepFailure) -> PreparedMounts {
        var prepared = PreparedMounts()
        for (index, planned) in mounts.enumerated() {
            let mount = planned.mount
            let target = mount.target ?? "/run/secrets/" + secretID(mount)
            var isReadOnly = mount.readOnly ?? (mount.kind == .bind || mount.kind == .secret)
            let source: StepCommand.MountSource
            switch mount.kind {
            case .tmpfs: source = .memory(sizeBytes: mount.sizeBytes)
            case .cache:
                let cache = try await CacheFolder.open(
                    mount,
                    in: builder.directory,
                    folder: folder,
                    trees: builder.store.trees
                )
                prepared.locks.append(cache)
                source = .host(path: cache.path)
            case .secret:
                guard let path = request.secrets[secretID(mount)] else { continue }
                let bytes = try await Self.readSecret(path)
                if let name = mount.environmentName {
                    prepared.environment[name] = String(decoding: bytes, as: UTF8.self)
                    if mount.target == nil { continue }
                }
                let owner = CopyPlan.Owner(uid: UInt32(mount.uid ?? 0), gid: UInt32(mount.gid ?? 0))
                let mode = mode_t(mount.mode ?? 0o400)
                source = .host(
                    path: try await folder.write(
                        "secret-\(index)",
                        bytes,
                        mode: mode,
                        owner: owner,
                        trees: builder.store.trees
                    )
                )
            case .bind, .ssh:
                if let origin = planned.origin, isReadOnly {
                    source = .host(path: TreePath.join(origin.tree.path, origin.path))
                } else {
                    // A private copy: the step's writes are discarded, and it has no files that .dockerignore excludes.
                    source = .host(path: try await copy(planned, to: folder, named: "bind-\(index)"))
                    isReadOnly = mount.readOnly ?? true
                }
            }
            prepared.mounts.append(StepCommand.Mount(source: source, target: target, readOnly: isReadOnly))
        }
        return prepared
    }

    /// Largest secret in bytes; the limit of other builders.
    private static var secretSizeLimit: Int { 500 << 10 }

    private static func readSecret(_ path: String) async throws(StepFailure) -> [UInt8] {
        let limit = secretSizeLimit
        let bytes: [UInt8]
        do throws(ImageError) {
            bytes = try await BlockingWork.run { () throws(ImageError) in
                try OpenFile(path: path).read(upTo: limit + 1, of: path)
            }
        } catch {
            throw .image(error)
        }
        guard bytes.count <= limit else { throw .limit(what: "size of a secret in bytes", limit: limit) }
        return bytes
    }

    /// Copies the files of a bind mount through a layer, so that only one code path writes trees.
    private func copy(
        _ planned: PlannedMount,
        to folder: StepFolder,
        named name: String
    ) async throws(StepFailure) -> String {
        var sources = planned.sources
        if let origin = planned.origin {
            let cancellation = cancellation
            let collector = SourceCollector(tree: origin.tree, place: "the mount's source") {
                cancellation.isCancelled
            }
            sources = try await BlockingWork.run { () throws(StepFailure) in
                try collector.collect("/" + origin.path)
            }
        }
        let isFile = sources.first.map { !$0.isContents } ?? false
        let target = folder.path + "/" + name
        let writer = layerWriter
        let blobs = builder.store.blobs
        let trees = builder.store.trees
        let dates = dates
        let all = sources
        try await BlockingWork.run { () throws(StepFailure) in
            var plan = CopyPlan(dates: dates) {
                $0.isEmpty ? TreeNode(kind: .directory, mode: 0o755) : nil
            }
            for source in all { try plan.place(source, at: isFile ? "/file" : "/", isFolder: !isFile) }
            let layer = try writer.write(plan.sortedEntries())
            do throws(ImageError) {
                try Directories.make(target)
                let file = try blobs.open(layer.digest, for: "a mount")
                var options = trees.options
                options.addsMountPoints = false
                let session = try trees.session(on: target, isWritable: true)
                let order = TreeOrder.unpack(options: options, continues: false)
                _ = try session.ask(order, layers: [file.descriptor])
            } catch {
                throw .image(error)
            }
        }
        return isFile ? target + "/file" : target
    }
}
