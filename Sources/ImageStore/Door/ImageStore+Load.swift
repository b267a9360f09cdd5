// SPDX-License-Identifier: Apache-2.0
// Imports images from archives.

import OCI
import FoundationEssentials
package import FunctionModel

extension ImageStore {
    /// Imports every image of a `docker save` archive or OCI archive, compressed or not.
    ///
    /// - Parameters:
    ///   - path: a file of the host.
    ///   - title: its name in errors; nil uses its path.
    ///   - repository: completes tags without a repository, which many tools write into archives; nil leaves
    ///     such images without a name.
    /// - Returns: the images, in the archive's order.
    /// - Throws: ``ImageError``; a refused archive or a cancelled load leaves no name.
    package func load(
        archive path: String,
        called title: String? = nil,
        repository: String? = nil
    ) async throws(ImageError) -> [LoadedImage] {
        let lease = blobs.lease()
        defer { withExtendedLifetime(lease) {} }
        let found = try await BlockingWork.cancellable { (stop) throws(ImageError) in
            let source = try TarSource(path: path, called: title, blobs: self.blobs, stop: stop)
            do throws(ImageError) {
                let found = try self.images(in: source)
                try stop.check()
                try self.forget(source.arrivals, except: found)
                return found
            } catch {
                try source.discard()
                throw error
            }
        }
        return try await name(found, repository: repository)
    }

    /// Reads the source as OCI layout and as Docker archive: since version 25 Docker writes both.
    private func images(in source: some ContentSource) throws(ImageError) -> [FoundImage] {
        let layout = try OCILayoutReader(source: source, host: host).images()
        let docker = DockerArchiveReader(source: source, blobs: blobs, limits: UnpackLimits())
        let found = try docker.images(known: layout ?? []) ?? layout
        guard let found else { throw .notAnImage(file: source.name, holdsRoot: source.holdsRoot) }
        guard !found.isEmpty else { throw .malformedArchive(file: source.name, reason: "holds no image") }
        // All images are checked before the first one gets its name.
        for image in found {
            _ = try self.image(image.digest, called: image.reference ?? source.name, anyPlatform: true)
        }
        return found
    }

    /// Removes files of the archive that no image needs.
    private func forget(_ arrivals: [Digest], except images: [FoundImage]) throws(ImageError) {
        let needed = try reachable(from: images.map(\.digest)).blobs
        for digest in arrivals where !needed.contains(digest) { _ = try blobs.removeArrival(digest) }
    }

    private func name(
        _ images: [FoundImage],
        repository: String?
    ) async throws(ImageError) -> [LoadedImage] {
        var loaded: [LoadedImage] = []
        for image in images {
            var reference = image.reference
            if reference == nil, let repository, let tag = image.bareTag {
                reference = try ImageError.reading { () throws(OCIError) in
                    try ImageReference("\(repository):\(tag)")
                }.description
            }
            if let reference {
                try await record(reference, digest: image.digest)
            } else {
                try await BlockingWork.run { () throws(ImageError) in try self.settle(image.digest) }
            }
            loaded.append(LoadedImage(reference: reference, digest: image.digest))
        }
        return loaded
    }

    /// Waits until an image survives a power failure.
    ///
    /// Blocks.
    func settle(_ digest: Digest) throws(ImageError) {
        try blobs.settle(try reachable(from: [digest]).blobs)
    }

    /// Stores the name of an image whose content is stored.
    package func record(_ reference: String, digest: Digest) async throws(ImageError) {
        let size = try await BlockingWork.run { () throws(ImageError) in
            // A name must not become durable before its content.
            try self.settle(digest)
            return try self.image(digest, called: reference, anyPlatform: true).sizeBytes
        }
        try await references.set(
            ReferenceRecord(reference: reference, digest: digest, sizeBytes: size, createdAt: Date())
        )
    }
}
