// SPDX-License-Identifier: Apache-2.0
// Keys of the layer cache: exactly the input that a step's result depends on. Pure except for reading file contents.

import FunctionModel
import OCI
import ImageStore

/// Derives a step's key from its parent's.
enum CacheKey {
    /// Raised when the builder begins to make different layers of the same input, so that old records are not found.
    private static let version = "3"

    /// The key of a step after `parent`, nil for a stage's first.
    static func chained(_ parent: Digest?, _ parts: [String]) -> Digest {
        var hash = SHA256()
        for part in [version, parent?.hex ?? ""] + parts { hash.update(counted: part) }
        return hash.finish()
    }

    /// The content of sources: names, modes, owners, links, attributes and bytes, but no times.
    ///
    /// Blocks on the disk.
    static func digest(
        of sources: [CopySource],
        isCancelled: () -> Bool
    ) throws(StepFailure) -> Digest {
        var hash = SHA256()
        for source in sources {
            hash.update(counted: source.name)
            hash.update(counted: source.isContents ? "contents" : "file")
            for item in source.items {
                if isCancelled() { throw .cancelled }
                try hash.update(item, keepsOwners: source.keepsOwners)
            }
        }
        return hash.finish()
    }
}

extension SHA256 {
    /// Bytes read at a time.
    private static var pieceSize: Int { 256 << 10 }

    /// Prefixed with its length, so that different lists of texts have different keys.
    fileprivate mutating func update(counted text: String) { update(counted: Array(text.utf8)) }

    private mutating func update(counted bytes: [UInt8]) {
        update(Array("\(bytes.count):".utf8))
        update(bytes)
    }

    fileprivate mutating func update(_ item: SourceItem, keepsOwners: Bool) throws(StepFailure) {
        update(counted: item.path)
        update(counted: "\(item.node.kind) \(item.node.mode)")
        if keepsOwners { update(counted: "\(item.node.uid):\(item.node.gid)") }
        for attribute in item.attributes {
            update(counted: attribute.name)
            update(counted: attribute.value)
        }
        guard item.node.kind == .file else { return }
        update(counted: "\(item.node.sizeBytes)")
        switch item.content {
        case .none: break
        case .bytes(let bytes): update(bytes)
        case .file(let tree, let path):
            let file = try tree.open(path)
            while true {
                let bytes: [UInt8]
                do throws(ImageError) {
                    bytes = try file.read(upTo: Self.pieceSize, of: path)
                } catch {
                    throw .image(error)
                }
                if bytes.isEmpty { break }
                update(bytes)
            }
        case .spool(let spool, let offset):
            var position = 0
            while position < item.node.sizeBytes {
                let count = min(Self.pieceSize, item.node.sizeBytes - position)
                let bytes = try spool.read(at: offset + position, upTo: count)
                if bytes.isEmpty { break }
                update(bytes)
                position += bytes.count
            }
        }
    }
}
