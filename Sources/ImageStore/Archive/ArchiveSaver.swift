// SPDX-License-Identifier: Apache-2.0
// Writes images as a `docker save` archive that is an OCI archive as well. ImageStore.save uses it.

import CSandbox
import FunctionModel
import OCI
import Glibc

/// One image to write: its names and documents.
struct SavedImage: Sendable {
    var references: [ImageReference]
    /// The descriptor that the names refer to: the manifest, or the index that lists it.
    var root: Descriptor
    var image: Image
    var blobs: Set<Digest>
}

/// Builds one tar.
///
/// Its bytes depend on the images only: sorted names, times of the epoch, no owners.
struct ArchiveSaver {
    let blobs: BlobStore
    let writer: TarWriter

    func write(_ images: [SavedImage]) throws(ImageError) {
        try writer.add(TarEntry(name: "blobs/", kind: .directory, mode: 0o755))
        try writer.add(TarEntry(name: "blobs/sha256/", kind: .directory, mode: 0o755))
        let needed = images.reduce(into: Set<Digest>()) { $0.formUnion($1.blobs) }
        for digest in needed.sorted(by: { $0.hex < $1.hex }) { try copy(digest) }
        try add(
            "index.json",
            try ImageError.reading { () throws(OCIError) in
                try Documents.encode(index(images), name: "index.json")
            }
        )
        try add(
            "manifest.json",
            try ImageError.reading { () throws(OCIError) in
                try Documents.encode(items(images), name: "manifest.json")
            }
        )
        let layout = OCILayoutReader.LayoutHeader(imageLayoutVersion: "1.0.0")
        try add(
            "oci-layout",
            try ImageError.reading { () throws(OCIError) in try Documents.encode(layout, name: "oci-layout") }
        )
        try add(
            "repositories",
            try ImageError.reading { () throws(OCIError) in
                try Documents.encode(repositories(images), name: "repositories")
            }
        )
        try writer.finish()
    }

    private func index(_ images: [SavedImage]) -> ImageIndex {
        ImageIndex(
            manifests: images.flatMap { image in
                let names: [ImageReference?] = image.references.isEmpty ? [nil] : image.references
                return names.map { name in
                    var descriptor = image.root
                    descriptor.annotations = name.map { name in
                        var annotations = [Annotation.imageName: name.description]
                        annotations[Annotation.referenceName] = name.tag
                        return annotations
                    }
                    return descriptor
                }
            }
        )
    }

    private func items(_ images: [SavedImage]) -> [DockerArchiveReader.Item] {
        images.map { image in
            DockerArchiveReader.Item(
                config: OCILayoutReader.path(image.image.configurationDigest),
                repositoryTags: image.references.filter { $0.tag != nil }.map(\.familiar),
                layers: image.image.layers.map { OCILayoutReader.path($0.digest) }
            )
        }
    }

    /// The listing of Docker before 1.10: repository, tag, last layer.
    private func repositories(_ images: [SavedImage]) -> [String: [String: String]] {
        var table: [String: [String: String]] = [:]
        for image in images {
            for reference in image.references {
                guard let tag = reference.tag, let last = image.image.layers.last else { continue }
                let name = String(reference.familiar.dropLast(tag.utf8.count + 1))
                table[name, default: [:]][tag] = last.digest.hex
            }
        }
        return table
    }

    private func add(_ name: String, _ content: [UInt8]) throws(ImageError) {
        try writer.add(TarEntry(name: name, kind: .file, size: content.count), content: content)
    }

    private func copy(_ digest: Digest) throws(ImageError) {
        let file = try blobs.open(digest, for: "archive")
        let size = Int(try file.status(blobs.path(of: digest)).st_size)
        try writer.begin(TarEntry(name: OCILayoutReader.path(digest), kind: .file, size: size))
        var hash = SHA256()
        while true {
            let bytes = try file.read(upTo: 1 << 20, of: blobs.path(of: digest))
            if bytes.isEmpty { break }
            hash.update(bytes)
            try writer.write(bytes)
        }
        // The blob is verified, so that a damaged disk does not make a damaged backup.
        let actual = hash.finish()
        guard actual == digest else {
            throw .digestMismatch(what: "stored blob", expected: digest, actual: actual)
        }
    }
}
