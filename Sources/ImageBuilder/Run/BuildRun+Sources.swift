// SPDX-License-Identifier: Apache-2.0
// The sources of COPY, ADD and bind mounts. Part of BuildRun.

import OCI
import ImageStore
import Foundation
import FunctionModel

extension BuildRun {
    /// Finds, downloads and extracts the sources of an instruction.
    func collect(_ expanded: ExpandedCopy, from origin: CopyOrigin) async throws(StepFailure)
        -> [CopySource]
    {
        let tree: FileTree?
        var place = "the build context"
        var ignore = IgnoreRules()
        var isContext = false
        switch origin {
        case .context:
            tree = context.tree
            ignore = context.ignore
            isContext = true
        case .stage(let state, let label):
            tree = try await wholeTree(of: state)
            place = "stage '\(label)'"
        case .image(let image, let reference):
            tree = try await self.tree(of: image)
            place = "image '\(reference)'"
        }
        let cancellation = cancellation
        let collector = tree.map { tree in
            SourceCollector(
                tree: tree,
                place: place,
                ignore: ignore,
                excludes: expanded.excludes,
                keepsParents: expanded.copy.parents,
                keepsOwners: !isContext
            ) { cancellation.isCancelled }
        }
        var sources: [CopySource] = []
        for written in expanded.copy.sources {
            if expanded.isAdd, Download.isURL(written) || Download.isRepository(written) {
                sources.append(try await download(written, expanded))
                continue
            }
            guard let collector else { throw .noSource(written, place: place) }
            let extractor = expanded.isAdd && expanded.copy.unpack != false ? extractor : nil
            let found = try await BlockingWork.run { () throws(StepFailure) in
                try collector.collect(written).map { source throws(StepFailure) in
                    guard !source.isContents, let item = source.items.first else { return source }
                    return try extractor?.source(of: item, named: source.name) ?? source
                }
            }
            if found.isEmpty {
                events(.warning(line: nil, text: "'\(written)' matches no file in \(place)"))
            }
            sources += found
        }
        return sources + expanded.copy.heredocs.map(Self.source)
    }

    private var extractor: ArchiveExtractor {
        let cancellation = cancellation
        return ArchiveExtractor(directory: builder.directory) { cancellation.isCancelled }
    }

    /// A URL as a source: mode 0600, the server's Last-Modified, extracted only with `--unpack`.
    private func download(_ url: String, _ expanded: ExpandedCopy) async throws(StepFailure) -> CopySource {
        guard !Download.isRepository(url) else { throw .unavailable("ADD of a git repository") }
        let name = Download.fileName(url)
        if expanded.isFolder, name == nil {
            throw .argument(
                text: url,
                expected: "a file name at the end of the URL, or one in the destination"
            )
        }
        let download = try await Download.fetch(
            url,
            directory: builder.directory,
            destinations: builder.destinations
        )
        if let expected = expanded.copy.checksum, expected != download.digest.description {
            throw .checksum(url: url, expected: expected, actual: download.digest.description)
        }
        var node = TreeNode(kind: .file, mode: 0o600)
        node.sizeBytes = download.sizeBytes
        node.modifiedSeconds = download.modifiedSeconds ?? dates.made
        let item = SourceItem(path: "", node: node, content: .spool(download.content, offset: 0))
        let source = CopySource(name: name ?? "", items: [item], isContents: false)
        guard expanded.copy.unpack == true else { return source }
        let extractor = extractor
        return try await BlockingWork.run { () throws(StepFailure) in
            try extractor.source(of: item, named: source.name) ?? source
        }
    }

    /// The tree of a stage or image by its name, and a key of its content.
    func tree(named name: String, in stage: Int, _ state: StageState) async throws(StepFailure) -> (
        FileTree?, String
    ) {
        switch try await origin(name, in: stage, state) {
        case .context: (context.tree, "")
        case .stage(let other, _): (try await wholeTree(of: other), other.key.hex)
        case .image(let image, _): (try await tree(of: image), image.configurationDigest.hex)
        }
    }

    private func tree(of image: Image) async throws(StepFailure) -> FileTree {
        let path: String
        do throws(ImageError) {
            path = try await builder.store.rootfs(for: image.digest)
        } catch {
            throw .image(error)
        }
        let trees = builder.store.trees
        return try await BlockingWork.run { () throws(StepFailure) in try trees.tree(at: path) }
    }

    /// A here-document as a file.
    private static func source(_ document: Heredoc) -> CopySource {
        let bytes = Array(document.content.utf8)
        var node = TreeNode(kind: .file, mode: 0o644)
        node.sizeBytes = bytes.count
        let item = SourceItem(path: "", node: node, content: .bytes(bytes))
        return CopySource(name: document.name, items: [item], isContents: false, isMade: true)
    }

    /// The digest of the sources' content.
    func digest(of sources: [CopySource]) async throws(StepFailure) -> Digest {
        let cancellation = cancellation
        return try await BlockingWork.run { () throws(StepFailure) in
            try CacheKey.digest(of: sources) { cancellation.isCancelled }
        }
    }
}
