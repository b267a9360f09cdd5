// SPDX-License-Identifier: Apache-2.0
// An OCI layout folder on this host (image-spec, image-layout.md).

import OCI
import CSandbox
import FunctionModel
import Glibc

/// The files below one folder; links that lead out of it are not followed.
final class FolderSource: ContentSource {
    let name: String
    private let blobs: BlobStore
    private let root: OpenFile
    /// Bytes copied at once.
    private static let pieceBytes = 1 << 20

    init(directory: String, blobs: BlobStore) throws(ImageError) {
        name = directory
        self.blobs = blobs
        root = try OpenFile(path: directory, flags: O_RDONLY | O_DIRECTORY)
    }

    var holdsRoot: Bool { RootShape.matches((try? Directories.names(in: name)) ?? []) }

    func bytes(_ path: String, limit: Int) throws(ImageError) -> [UInt8]? {
        guard let file = try open(path) else { return nil }
        let bytes = try file.read(upTo: limit + 1, of: "\(name)/\(path)")
        try UnpackLimits.check(bytes.count, limit, "size of '\(path)' in \(name)")
        return bytes
    }

    func store(_ path: String, expected: Digest?) throws(ImageError) -> StoredContent? {
        guard let file = try open(path) else { return nil }
        if let expected, blobs.claim(expected), let size = blobs.size(of: expected) {
            return StoredContent(digest: expected, size: size)
        }
        var writer = try blobs.beginWrite(expected: expected)
        while true {
            let piece = try file.read(upTo: Self.pieceBytes, of: "\(name)/\(path)")
            if piece.isEmpty { break }
            try writer.write(piece)
        }
        let size = writer.written
        return StoredContent(digest: try writer.commit(), size: size)
    }

    private func open(_ path: String) throws(ImageError) -> OpenFile? {
        let descriptor = csandbox_open_in_root(root.descriptor, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0)
        if descriptor == -ENOENT { return nil }
        guard descriptor >= 0 else {
            throw SystemCall.failure("open", "\(name)/\(path)", errorNumber: -descriptor)
        }
        let file = OpenFile(owning: descriptor)
        guard try file.status(path).st_mode & S_IFMT == S_IFREG else {
            throw .malformedArchive(file: name, reason: "'\(path)' is not a file")
        }
        return file
    }
}
