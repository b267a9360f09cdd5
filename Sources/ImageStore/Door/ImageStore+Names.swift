// SPDX-License-Identifier: Apache-2.0
// Lists, names and removes images.

package import OCI
import FoundationEssentials
package import FunctionModel

extension ImageStore {
    /// All images: those with names, sorted by name, then those without, sorted by digest.
    ///
    /// Damaged ones are left out; ``verify()`` reports them.
    package func list() async throws(ImageError) -> [ImageSummary] {
        let records = try await references.all()
        return try await BlockingWork.run { () throws(ImageError) in
            let unnamed = try self.unnamedResults(beside: records)
            let usage = BlobUsage(records.map(\.digest) + unnamed, store: self)
            let named = records.compactMap { record in
                self.summary(of: record.digest, record, usage.sizes(of: record.digest))
            }
            return named + unnamed.compactMap { self.summary(of: $0, nil, usage.sizes(of: $0)) }
        }
    }

    /// Marks the root of a RUN step, which is no image of a user.
    package static let stepLabel = "mayfly.build-step"

    /// Images without a name, except those that only steps of builds use.
    private func unnamedResults(beside records: [ReferenceRecord]) throws(ImageError) -> [Digest] {
        try unnamedImages(beside: records).filter { digest in
            let image = try? image(digest, called: digest.description, anyPlatform: true)
            return image?.execution.labels?[Self.stepLabel] == nil
        }
    }

    private func summary(
        of digest: Digest,
        _ record: ReferenceRecord?,
        _ sizes: (shared: Int, own: Int)
    ) -> ImageSummary? {
        let name = record?.reference ?? digest.description
        guard let image = try? image(digest, called: name, anyPlatform: true) else { return nil }
        return ImageSummary(
            reference: record?.reference,
            familiarName: record.map { (try? ImageReference($0.reference))?.familiar ?? $0.reference }
                ?? ImageSummary.unnamed,
            digest: digest,
            sizeBytes: image.sizeBytes,
            createdAt: record?.createdAt ?? blobs.touched(digest).map(Self.date) ?? Date(),
            imageID: image.configurationDigest,
            platform: image.platform,
            sharedBytes: sizes.shared,
            ownBytes: sizes.own,
            isUnpacked: roots.isUnpacked(image.chainID)
        )
    }

    private static func date(_ nanoseconds: Int64) -> Date {
        Date(timeIntervalSince1970: Double(nanoseconds) / 1e9)
    }

    /// The shared bytes of an image, and those that only it has.
    package func sizes(of digest: Digest) async throws(ImageError) -> (shared: Int, own: Int) {
        let records = try await references.all()
        return try await BlockingWork.run { () throws(ImageError) in
            let unnamed = try self.unnamedResults(beside: records)
            return BlobUsage(records.map(\.digest) + unnamed + [digest], store: self).sizes(of: digest)
        }
    }

    /// Every name of a digest, sorted.
    package func names(of digest: Digest) async throws(ImageError) -> [String] {
        try await references.all().filter { $0.digest == digest }.map(\.reference)
    }

    /// The stored documents of an image, for `image inspect`; of any platform.
    package func inspect(_ reference: String) async throws(ImageError) -> Image {
        let digest = try await digest(named: reference)
        return try await BlockingWork.run { () throws(ImageError) in
            try self.image(digest, called: reference, anyPlatform: true)
        }
    }

    /// The history of an image, oldest step first, each with its layer.
    package func history(_ reference: String) async throws(ImageError) -> [ImageHistoryStep] {
        let image = try await inspect(reference)
        var layers = image.layers.makeIterator()
        return (image.configuration.history ?? []).map { entry in
            ImageHistoryStep(entry: entry, layer: entry.emptyLayer == true ? nil : layers.next())
        }
    }

    /// Gives an image another name.
    package func tag(_ source: String, as target: String) async throws(ImageError) {
        let name = try ImageError.reading { () throws(OCIError) in try ImageReference(target) }.withoutDigest
            .description
        try await record(name, digest: try await digest(named: source))
    }

    /// Removes a name; an image is removed with its last name.
    ///
    /// The next ``prune(_:)`` removes its content.
    ///
    /// - Parameters:
    ///   - reference: the name; or a digest or id, which removes every name of the image.
    ///   - users: the users of each digest, for example names of functions; an image with users keeps its last name.
    /// - Throws: ``ImageError/inUse(reference:by:)``, ``ImageError/unknownImage(_:)``.
    package func remove(_ reference: String, users: [Digest: [String]]) async throws(ImageError) {
        let records = try await references.all()
        let removal = try await removal(of: reference, among: records)
        let others = records.filter { !removal.names.contains($0.reference) }
        let isLast = !others.contains { $0.digest == removal.digest }
        if isLast {
            let needed = try await BlockingWork.run { () throws(ImageError) in
                try self.reachable(from: [removal.digest]).blobs
            }
            let names = users.filter { needed.contains($0.key) }.flatMap(\.value)
            guard names.isEmpty else { throw .inUse(reference: reference, by: names.sorted()) }
        }
        for name in removal.names { _ = try await references.remove(name) }
        guard isLast else { return }
        let kept = Set(others.map(\.digest)).union(users.keys)
        try await BlockingWork.run { () throws(ImageError) in
            try self.forgetDocuments(of: [removal.digest], keeping: kept)
        }
    }

    private func removal(
        of reference: String,
        among records: [ReferenceRecord]
    ) async throws(ImageError) -> (digest: Digest, names: [String]) {
        // A name first; other texts may be a digest or the beginning of an id.
        if let name = (try? ImageReference(reference))?.withoutDigest.description,
            let record = records.first(where: { $0.reference == name })
        {
            return (record.digest, [name])
        }
        let digest = try await digest(named: reference)
        return (digest, records.filter { $0.digest == digest }.map(\.reference))
    }

    /// Removes manifests and indexes, so that their content belongs to no image.
    ///
    /// Blocks.
    func forgetDocuments(of roots: [Digest], keeping kept: Set<Digest>) throws(ImageError) {
        let needed = try reachable(from: kept).blobs
        for document in try reachable(from: roots).documents where !needed.contains(document) {
            _ = try blobs.removeUnused(document)
        }
    }
}

/// One step of an image's history.
package struct ImageHistoryStep: Hashable, Sendable {
    package var entry: ImageConfiguration.HistoryEntry
    /// Nil for steps without a layer.
    package var layer: Descriptor?
}

/// The images that share each blob.
private struct BlobUsage {
    private var blobs: [Digest: Set<Digest>] = [:]
    private var users: [Digest: Int] = [:]
    private var sizes: [Digest: Int] = [:]

    init(_ images: [Digest], store: ImageStore) {
        for image in Set(images) {
            // Configuration and layers, as in the image's size; the content of a damaged image is not counted.
            let found = try? store.image(image, called: image.description, anyPlatform: true)
            let needed = Set(
                (found?.layers.map(\.digest) ?? []) + (found.map { [$0.configurationDigest] } ?? [])
            )
            blobs[image] = needed
            for blob in needed {
                users[blob, default: 0] += 1
                sizes[blob] = sizes[blob] ?? store.blobs.size(of: blob) ?? 0
            }
        }
    }

    /// Several names of one image count once.
    func sizes(of image: Digest) -> (shared: Int, own: Int) {
        var result = (shared: 0, own: 0)
        for blob in blobs[image] ?? [] {
            if users[blob] ?? 0 > 1 {
                result.shared += sizes[blob] ?? 0
            } else {
                result.own += sizes[blob] ?? 0
            }
        }
        return result
    }
}
