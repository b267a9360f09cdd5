// SPDX-License-Identifier: Apache-2.0
// What images, containers and volumes take of the disk. Gateway asks.

package import FunctionModel
import FunctionStore
import ImageStore
import Logging
import OCI

/// What one container or volume takes.
package struct DiskUse: Hashable, Sendable {
    package var name: String
    package var bytes: Int
    package var limit: ByteCount?
    package var isActive: Bool
}

extension Containers {
    /// Writable layers on the disk; 0 for those in memory.
    package func layerUse() async -> [DiskUse] {
        var uses: [DiskUse] = []
        for container in all {
            let bytes = container.keepsLayer ? await layerBytes(container) : 0
            uses.append(
                DiskUse(
                    name: container.name,
                    bytes: bytes,
                    limit: container.diskLimit,
                    isActive: container.session != nil
                )
            )
        }
        return uses
    }

    /// What cannot be measured is logged, and counts nothing in the list.
    private func layerBytes(_ container: Container) async -> Int {
        do throws(ImageError) { return try await rooms.folders.layerBytes(of: container.id) ?? 0 } catch {
            rooms.logger.warning(
                "a container's layer cannot be measured",
                metadata: ["container": "\(container.id)", "reason": "\(error)"]
            )
            return 0
        }
    }

    private func volumeBytes(_ name: String) async -> Int {
        do throws(ImageError) { return try await rooms.folders.volumeBytes(name) ?? 0 } catch {
            rooms.logger.warning(
                "a volume cannot be measured",
                metadata: ["volume": "\(name)", "reason": "\(error)"]
            )
            return 0
        }
    }

    /// Volumes; active ones are named by a container.
    ///
    /// - Throws: ``ContainerError``.
    package func volumeUse() async throws(ContainerError) -> [DiskUse] {
        var uses: [DiskUse] = []
        for volume in try await volumes() {
            uses.append(
                DiskUse(
                    name: volume.name,
                    bytes: await volumeBytes(volume.name),
                    isActive: !users(ofVolume: volume.name).isEmpty
                )
            )
        }
        return uses
    }

    /// Blobs of images, each counted for the first image that has it; those of containers come first.
    ///
    /// - Throws: ``ContainerError``.
    package func imageUse() async throws(ContainerError) -> [DiskUse] {
        let used = Set(all.map(\.definition.imageDigest))
        do throws(ImageError) {
            var digests: [(digest: Digest, name: String)] = []
            for summary in try await rooms.images.list()
            where !digests.contains(where: { $0.digest == summary.digest }) {
                digests.append((summary.digest, summary.familiarName))
            }
            var counted: Set<Digest> = []
            var uses: [DiskUse] = []
            for entry in digests.sorted(by: { used.contains($0.digest) && !used.contains($1.digest) }) {
                let image = try await rooms.images.image(digest: entry.digest)
                let bytes = image.layers.reduce(0) { sum, layer in
                    counted.insert(layer.digest).inserted ? sum + layer.size : sum
                }
                uses.append(DiskUse(name: entry.name, bytes: bytes, isActive: used.contains(entry.digest)))
            }
            return uses
        } catch {
            throw .image(error)
        }
    }
}
