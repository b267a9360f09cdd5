// SPDX-License-Identifier: Apache-2.0
// Several images under one name, one per platform (image-spec, image-index.md).

package import FunctionModel
import OCI

extension ImageStore {
    /// Makes an index of images in the store and gives it a name; a push sends all of them.
    ///
    /// - Parameters:
    ///   - reference: the index's name.
    ///   - names: images of one platform each, or indexes, whose images are included.
    /// - Returns: the index's digest; equal input gives equal digests.
    /// - Throws: ``ImageError``, also when two images are for the same platform.
    package func createIndex(_ reference: String, of names: [String]) async throws(ImageError) -> Digest {
        let lease = blobs.lease()
        defer { withExtendedLifetime(lease) {} }
        let target = try ImageError.reading { () throws(OCIError) in try ImageReference(reference) }
            .withoutDigest.description
        var digests: [Digest] = []
        for name in names { digests.append(try await digest(named: name)) }
        let roots = digests
        let digest = try await BlockingWork.run { () throws(ImageError) in
            var entries: [Descriptor] = []
            for root in roots { entries += try self.entries(of: root) }
            try Self.checkPlatforms(entries, of: target)
            for entry in entries { _ = self.blobs.claim(entry.digest) }
            return try self.blobs.put(
                try ImageError.reading { () throws(OCIError) in
                    try Documents.encode(ImageIndex(manifests: entries), name: "index")
                }
            )
        }
        try await record(target, digest: digest)
        return digest
    }

    /// The entry of an image, or the entries of an index.
    private func entries(of digest: Digest) throws(ImageError) -> [Descriptor] {
        switch try document(digest) {
        case .index(let index):
            // An index that was pulled for one platform lacks the images of the others.
            return index.manifests.filter { blobs.size(of: $0.digest) != nil }
        case .manifest(let manifest):
            let image = try image(digest, called: digest.description, anyPlatform: true)
            return [
                Descriptor(
                    mediaType: manifest.mediaType ?? MediaType.manifest,
                    digest: digest,
                    size: blobs.size(of: digest) ?? 0,
                    platform: image.platform
                )
            ]
        }
    }

    private static func checkPlatforms(_ entries: [Descriptor], of name: String) throws(ImageError) {
        var seen: Set<Platform> = []
        for platform in entries.compactMap(\.platform) where !seen.insert(platform).inserted {
            throw .malformedDocument(what: "index '\(name)'", reason: "two images are for \(platform)")
        }
        guard !entries.isEmpty else {
            throw .malformedDocument(what: "index '\(name)'", reason: "it would hold no image")
        }
    }
}
