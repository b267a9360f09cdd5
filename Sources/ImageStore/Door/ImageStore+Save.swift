// SPDX-License-Identifier: Apache-2.0
// Writes images to a file.

import OCI
import CSandbox
import FunctionModel
import Glibc

extension ImageStore {
    /// Writes images into one tar that is a `docker save` archive and an OCI archive at once.
    ///
    /// - Parameters:
    ///   - names: references, digests or ids of images in the store; equal input gives equal bytes.
    ///   - path: replaced when the archive is complete.
    /// - Throws: ``ImageError``; a failed save leaves `path` unchanged.
    package func save(_ names: [String], to path: String) async throws(ImageError) {
        let archive = try await archive(of: names)
        try await BlockingWork.run { () throws(ImageError) in try archive.write(toFile: path) }
    }

    /// Finds the content of an archive of some images, and protects it from garbage collection.
    ///
    /// - Parameter names: references, digests or ids of images in the store.
    /// - Returns: the images, ready to be written.
    /// - Throws: ``ImageError`` when an image is unknown or incomplete.
    package func archive(of names: [String]) async throws(ImageError) -> ImageArchive {
        let lease = blobs.lease()
        var roots: [(digest: Digest, references: [ImageReference])] = []
        for name in names {
            let digest = try await digest(named: name)
            // A digest or id is no name within the archive.
            let reference = try? ImageReference(name).withoutDigest
            var found: [ImageReference] = []
            if let reference, try await isStored(reference) { found = [reference] }
            if let index = roots.firstIndex(where: { $0.digest == digest }) {
                roots[index].references += found.filter { !roots[index].references.contains($0) }
            } else {
                roots.append((digest, found))
            }
        }
        let wanted = roots
        let images = try await BlockingWork.run { () throws(ImageError) in
            try wanted.map { root throws(ImageError) in try self.saved(root.digest, root.references) }
        }
        return ImageArchive(images: images, blobs: blobs, lease: lease)
    }

    private func isStored(_ reference: ImageReference) async throws(ImageError) -> Bool {
        try await references.get(reference.description) != nil
    }

    private func saved(_ digest: Digest, _ names: [ImageReference]) throws(ImageError) -> SavedImage {
        let image = try image(digest, called: names.first?.familiar ?? digest.description, anyPlatform: true)
        let mediaType =
            switch try document(digest) {
            case .manifest(let manifest): manifest.mediaType ?? MediaType.manifest
            case .index(let index): index.mediaType ?? MediaType.index
            }
        // An index may list platforms that were never pulled.
        let present = try reachable(from: [digest]).blobs.filter { blobs.claim($0) }
        return SavedImage(
            references: names,
            root: Descriptor(mediaType: mediaType, digest: digest, size: blobs.size(of: digest) ?? 0),
            image: image,
            blobs: present
        )
    }
}

/// Images to be written into one tar.
package struct ImageArchive: Sendable {
    let images: [SavedImage]
    let blobs: BlobStore
    let lease: BlobLease

    /// Writes the archive; blocks at the speed of its reader.
    ///
    /// - Parameter descriptor: of a file, pipe or socket; stays open.
    /// - Throws: ``ImageError``, with EPIPE when the reader has closed.
    package func write(to descriptor: Int32) throws(ImageError) {
        let copy = try SystemCall.check("dup", "archive") { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
        try write(FileSink(OpenFile(owning: copy), "archive"), name: "archive")
    }

    /// A pipe between a thread that writes an archive and one that reads it, both ends close-on-exec.
    package static func pipe() throws(ImageError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        let result = csandbox_pipe(&ends)
        guard result == 0 else { throw SystemCall.failure("pipe", "archive", errorNumber: -result) }
        return (ends[0], ends[1])
    }

    fileprivate func write(toFile path: String) throws(ImageError) {
        let temporary = path + ".\(UInt32.random(in: 0 ... .max)).partial"
        let file = FileSink(
            try OpenFile(path: temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644),
            temporary
        )
        do throws(ImageError) {
            try write(file, name: path)
            try file.synchronize()
            try SystemCall.check("rename", path) { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func write(_ file: FileSink, name: String) throws(ImageError) {
        let writer = try TarWriter(name: name) { bytes throws(ImageError) in try file.write(bytes) }
        try ArchiveSaver(blobs: blobs, writer: writer).write(images)
        withExtendedLifetime(lease) {}
    }
}

/// A reference to an open file, for closures.
final class FileSink {
    private let file: OpenFile
    private let name: String

    init(_ file: consuming OpenFile, _ name: String) {
        self.file = file
        self.name = name
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) { try file.write(bytes, to: name) }
    func synchronize() throws(ImageError) { try file.synchronize(name) }
}
