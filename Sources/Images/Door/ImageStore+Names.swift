// SPDX-License-Identifier: Apache-2.0
// Listing, naming and removing images.

import FoundationEssentials

extension ImageStore {
    /// Every named image, sorted by name.
    ///
    /// Damaged ones are left out; ``verify()`` names them.
    package func list() async throws(ImageError) -> [ImageSummary] {
        let records = try await references.all()
        return try await BlockingWork.run { () throws(ImageError) in
            let usage = BlobUsage(records.map(\.digest), store: self)
            var summaries: [ImageSummary] = []
            for record in records {
                guard let image = try? self.image(record.digest, called: record.reference, anyPlatform: true)
                else { continue }
                let sizes = usage.sizes(of: record.digest)
                summaries.append(
                    ImageSummary(
                        record: record,
                        familiarName: (try? ImageReference(record.reference))?.familiar ?? record.reference,
                        imageID: image.configurationDigest,
                        platform: image.platform,
                        sharedBytes: sizes.shared,
                        ownBytes: sizes.own,
                        isUnpacked: self.roots.isUnpacked(image.chainID)
                    )
                )
            }
            return summaries
        }
    }

    /// The documents of an image as they are stored, for `image inspect`; any platform.
    package func inspect(_ reference: String) async throws(ImageError) -> Image {
        let digest = try await digest(named: reference)
        return try await BlockingWork.run { () throws(ImageError) in
            try self.image(digest, called: reference, anyPlatform: true)
        }
    }

    /// The steps that made an image, oldest first, each with the layer it made.
    package func history(_ reference: String) async throws(ImageError) -> [ImageHistoryStep] {
        let image = try await inspect(reference)
        var layers = image.layers.makeIterator()
        return (image.configuration.history ?? []).map { entry in
            ImageHistoryStep(entry: entry, layer: entry.emptyLayer == true ? nil : layers.next())
        }
    }

    /// Gives an image a further name.
    package func tag(_ source: String, as target: String) async throws(ImageError) {
        let name = try ImageReference(target).withoutDigest.description
        try await record(name, digest: try await digest(named: source))
    }

    /// Forgets a name.
    ///
    /// Content goes with the next ``prune(inUse:)``.
    ///
    /// - Parameters:
    ///   - reference: the name.
    ///   - users: who runs each digest, for example functions by name; an image with users whose last name this
    ///     is stays.
    /// - Throws: ``ImageError/inUse(reference:by:)``, ``ImageError/unknownImage(_:)``.
    package func remove(_ reference: String, users: [Digest: [String]]) async throws(ImageError) {
        let name = try ImageReference(reference).withoutDigest.description
        guard let record = try await references.get(name) else { throw .unknownImage(reference) }
        let hasOtherName = try await references.all().contains {
            $0.digest == record.digest && $0.reference != name
        }
        if !hasOtherName {
            let digests = try await BlockingWork.run { () throws(ImageError) in
                try self.reachable(from: [record.digest]).blobs
            }
            let names = users.filter { digests.contains($0.key) }.flatMap(\.value)
            guard names.isEmpty else { throw .inUse(reference: reference, by: names.sorted()) }
        }
        _ = try await references.remove(name)
    }
}

/// One step of an image's history.
package struct ImageHistoryStep: Hashable, Sendable {
    package var entry: ImageConfiguration.HistoryEntry
    /// Nil for steps that made none.
    package var layer: Descriptor?
}

/// Which images share which blobs.
private struct BlobUsage {
    private var blobs: [Digest: Set<Digest>] = [:]
    private var users: [Digest: Int] = [:]
    private var sizes: [Digest: Int] = [:]

    init(_ images: [Digest], store: ImageStore) {
        for image in Set(images) {
            // Configuration and layers, as in the image's size; a damaged image has none that could be counted.
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

    /// Two names of one image do not make its blobs shared.
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
