// SPDX-License-Identifier: Apache-2.0
// Bringing images in from files and folders, and writing them out again.

extension ImageStore {
    /// Takes every image of a `docker save` archive or OCI archive, compressed or not.
    ///
    /// - Parameter path: a file of the host.
    /// - Returns: what was found, in the archive's order.
    /// - Throws: ``ImageError``; nothing of a bad archive gets a name.
    package func load(archive path: String) async throws(ImageError) -> [LoadedImage] {
        throw .malformedArchive(file: path, reason: "loading is not there yet")
    }

    /// Takes every image of an OCI layout folder.
    package func loadLayout(directory: String) async throws(ImageError) -> [LoadedImage] {
        throw .malformedArchive(file: directory, reason: "loading is not there yet")
    }

    /// Writes images into one tar that is a `docker save` archive and an OCI archive at once.
    ///
    /// - Parameters:
    ///   - references: names of images in the store; the same input gives the same bytes.
    ///   - path: replaced when the archive is whole.
    package func save(_ references: [String], to path: String) async throws(ImageError) {
        throw .malformedArchive(file: path, reason: "saving is not there yet")
    }
}
