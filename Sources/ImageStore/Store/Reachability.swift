// SPDX-License-Identifier: Apache-2.0
// The content that an image needs, for garbage collection and loading.

import FunctionModel
import OCI

/// Blobs and trees reachable from some manifests.
struct Reachable {
    var blobs: Set<Digest> = []
    var trees: Set<Digest> = []
    /// Those of the blobs that are manifests or indexes.
    var documents: Set<Digest> = []
}

extension ImageStore {
    /// Follows manifests and indexes down to layers.
    ///
    /// Blocks.
    ///
    /// Missing and damaged documents are skipped; other blobs stay reachable.
    func reachable(from roots: some Sequence<Digest>) throws(ImageError) -> Reachable {
        var found = Reachable()
        var pending = Array(roots)
        while let digest = pending.popLast() {
            guard found.blobs.insert(digest).inserted, blobs.size(of: digest) != nil else { continue }
            switch try readable({ () throws(ImageError) in try document(digest) }) {
            case .manifest(let manifest):
                found.documents.insert(digest)
                found.blobs.insert(manifest.config.digest)
                found.blobs.formUnion(manifest.layers.map(\.digest))
                let bytes = try readable { () throws(ImageError) in
                    try blobs.read(
                        manifest.config.digest,
                        limit: Documents.maximumConfigurationBytes,
                        for: "image \(digest)"
                    )
                }
                let configuration = try bytes.flatMap { bytes throws(ImageError) in
                    try readable { () throws(ImageError) in
                        try ImageError.reading { () throws(OCIError) in
                            try Documents.configuration(bytes, name: "configuration of image \(digest)")
                        }
                    }
                }
                if let configuration { found.trees.insert(Image.chainID(of: configuration.rootfs.diffIDs)) }
            case .index(let index):
                found.documents.insert(digest)
                pending += index.manifests.map(\.digest)
            case nil: continue
            }
        }
        return found
    }

    /// Complete images without a name, sorted: loaded without one, or renamed since.
    ///
    /// Blocks. Reads only the beginning of blobs that are no documents.
    func unnamedImages(beside records: [ReferenceRecord]) throws(ImageError) -> [Digest] {
        let named = try reachable(from: records.map(\.digest)).blobs
        var roots: Set<Digest> = []
        var inner: Set<Digest> = []
        for digest in try blobs.all() where !named.contains(digest) {
            guard let size = blobs.size(of: digest), size <= Documents.maximumManifestBytes,
                try blobs.firstByte(of: digest) == UInt8(ascii: "{"),
                let document = try readable({ () throws(ImageError) in try document(digest) })
            else { continue }
            if case .index(let index) = document { inner.formUnion(index.manifests.map(\.digest)) }
            let isWhole = try readable { () throws(ImageError) in
                try image(digest, called: digest.description, anyPlatform: true)
            }
            if isWhole != nil { roots.insert(digest) }
        }
        return roots.subtracting(inner).sorted { $0.hex < $1.hex }
    }

    /// Nil for damaged content; errors of the disk are thrown, so that they do not lead to removals.
    private func readable<Value>(_ body: () throws(ImageError) -> Value) throws(ImageError) -> Value? {
        do throws(ImageError) {
            return try body()
        } catch {
            switch error {
            case .system, .noSpace: throw error
            default: return nil
            }
        }
    }
}
