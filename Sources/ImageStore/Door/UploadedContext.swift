// SPDX-License-Identifier: Apache-2.0
// A build context that was uploaded as an archive, unpacked for one build. The HTTP edge uses it.

import Glibc

/// A folder with the content of an untrusted archive.
package struct UploadedContext: Sendable {
    /// Its path, for ``BuildRequest``.
    package let directory: String

    /// Unpacks an archive, compressed or not, into a new folder; a failure leaves no files.
    ///
    /// - Parameters:
    ///   - archive: a tar file of the host.
    ///   - directory: absolute path that does not exist; its parent does.
    /// - Throws: ``ImageError``, also for hostile entries.
    package init(archive: String, into directory: String) async throws(ImageError) {
        self.directory = directory
        let outcome: Result<Void, ImageError> = await BlockingWork.run {
            do throws(ImageError) {
                return .success(try Self.unpack(archive, into: directory))
            } catch {
                return .failure(error)
            }
        }
        guard case .failure(let error) = outcome else { return }
        if case .system("mkdir", _, EEXIST) = error { throw error }
        try await remove()
        throw error
    }

    /// A folder that an earlier process may have left.
    package init(leftover directory: String) { self.directory = directory }

    /// Removes the folder with its content; an absent one is no error.
    package func remove() async throws(ImageError) {
        let directory = directory
        try await BlockingWork.run { () throws(ImageError) in
            let parent = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? "."
            let name = directory.split(separator: "/").last.map { Array($0.utf8) } ?? []
            let folder = try OpenFile(path: parent, flags: O_RDONLY | O_DIRECTORY)
            try TreeRemoval.remove(name, in: folder.descriptor)
        }
    }

    private static func unpack(_ archive: String, into directory: String) throws(ImageError) {
        let file = try OpenFile(path: archive)
        try SystemCall.check("mkdir", directory) { mkdir(directory, 0o700) }
        let folder = try OpenFile(path: directory, flags: O_RDONLY | O_DIRECTORY)
        var options = UnpackOptions()
        // A context is no layer: it has no whiteouts, and owners are not kept (COPY makes root the owner).
        options.appliesWhiteouts = false
        options.addsMountPoints = false
        options.keepsOwners = false
        _ = try LayerUnpacker.unpack(layers: [file.descriptor], into: folder.descriptor, options: options)
    }
}
