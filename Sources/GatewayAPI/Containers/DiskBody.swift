// SPDX-License-Identifier: Apache-2.0
// What images, containers and volumes take of the gateway's disk, as JSON. Gateway writes it; `faasctl system df` reads it.

/// The disk of one gateway.
package struct DiskBody: Hashable, Sendable, Codable {
    /// All of one kind.
    package struct Sum: Hashable, Sendable, Codable {
        package var count: Int
        /// Images that a container has, containers that run, volumes that a container names.
        package var activeCount: Int
        package var sizeBytes: Int
        /// Of those that are not active.
        package var reclaimableBytes: Int

        package enum CodingKeys: String, CodingKey {
            case count
            case activeCount = "active_count"
            case sizeBytes = "size_bytes"
            case reclaimableBytes = "reclaimable_bytes"
        }

        package init(_ sizes: [(bytes: Int, isActive: Bool)]) {
            count = sizes.count
            activeCount = sizes.count(where: \.isActive)
            sizeBytes = sizes.reduce(0) { $0 + $1.bytes }
            reclaimableBytes = sizes.reduce(0) { $0 + ($1.isActive ? 0 : $1.bytes) }
        }
    }

    /// One container or volume.
    package struct Item: Hashable, Sendable, Codable {
        package var name: String
        package var sizeBytes: Int
        /// Absent without a limit.
        package var limitBytes: Int?
        package var isActive: Bool

        package enum CodingKeys: String, CodingKey {
            case name
            case sizeBytes = "size_bytes"
            case limitBytes = "limit_bytes"
            case isActive = "active"
        }

        package init(name: String, sizeBytes: Int, limitBytes: Int?, isActive: Bool) {
            self.name = name
            self.sizeBytes = sizeBytes
            self.limitBytes = limitBytes
            self.isActive = isActive
        }
    }

    /// Layers and configurations, each counted once; unpacked trees and the build cache are not.
    package var images: Sum
    /// Writable layers on the disk.
    package var containers: Sum
    package var volumes: Sum
    package var containerList: [Item]
    package var volumeList: [Item]

    package enum CodingKeys: String, CodingKey {
        case images, containers, volumes
        case containerList = "container_list"
        case volumeList = "volume_list"
    }

    package init(images: Sum, containers: [Item], volumes: [Item]) {
        self.images = images
        self.containers = Sum(containers.map { ($0.sizeBytes, $0.isActive) })
        self.volumes = Sum(volumes.map { ($0.sizeBytes, $0.isActive) })
        containerList = containers
        volumeList = volumes
    }
}
