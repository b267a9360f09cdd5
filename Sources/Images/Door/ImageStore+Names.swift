// SPDX-License-Identifier: Apache-2.0
// Listing, naming and removing images.

extension ImageStore {
    /// Every named image, sorted by name.
    package func list() async throws(ImageError) -> [ImageSummary] { [] }

    /// Gives an image a further name.
    package func tag(_ source: String, as target: String) async throws(ImageError) {
        throw .unknownImage(source)
    }

    /// Forgets a name. Content goes with the next ``prune(inUse:)``.
    ///
    /// - Parameters:
    ///   - reference: the name.
    ///   - users: who runs each digest, for example functions by name; an image with users whose last name this
    ///     is stays.
    /// - Throws: ``ImageError/inUse(reference:by:)``, ``ImageError/unknownImage(_:)``.
    package func remove(_ reference: String, users: [Digest: [String]]) async throws(ImageError) {
        throw .unknownImage(reference)
    }

    /// Removes every blob and tree that no name and no digest in use needs.
    ///
    /// - Parameter inUse: manifests of everything deployed.
    package func prune(inUse: Set<Digest>) async throws(ImageError) -> PruneReport { PruneReport() }

    /// Reads every blob again and checks it and what refers to it; empty when all is well.
    package func verify() async throws(ImageError) -> [VerifyFinding] { [] }
}
