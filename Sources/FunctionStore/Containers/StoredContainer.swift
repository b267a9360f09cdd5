// SPDX-License-Identifier: Apache-2.0
// A container and a volume as they are stored. ContainerRepository keeps these.

package import FoundationEssentials
package import FunctionModel

/// The definition of a container, and where it is.
package struct StoredContainer: Hashable, Sendable {
    /// The part that changes with each start and end.
    package struct Condition: Hashable, Sendable {
        package var status: ContainerStatus
        /// Of the last end; 0 before the first.
        package var exitCode: Int32 = 0
        /// What the exit code does not say; empty when it says everything.
        package var error = ""
        package var isOutOfMemory = false
        package var startedAt: Date?
        package var finishedAt: Date?
        /// Starts by the restart policy since the last start by a person.
        package var restartCount = 0
        /// Whether a person ended it: it is not started with the gateway then, unless its policy is `always`.
        package var isStopped = false

        package init(status: ContainerStatus = .created) { self.status = status }
    }

    /// 64 hexadecimal digits.
    package var id: String
    package var name: String
    /// The manifest that it was created from.
    package var imageDigest: Digest
    package var request: ContainerRequest
    package var createdAt: Date
    package var condition = Condition()

    package init(
        id: String,
        name: String,
        imageDigest: Digest,
        request: ContainerRequest,
        createdAt: Date
    ) {
        self.id = id
        self.name = name
        self.imageDigest = imageDigest
        self.request = request
        self.createdAt = createdAt
    }
}

/// A named volume.
package struct StoredVolume: Hashable, Sendable {
    package var name: String
    package var labels: [String: String]
    package var createdAt: Date

    package init(name: String, labels: [String: String] = [:], createdAt: Date) {
        self.name = name
        self.labels = labels
        self.createdAt = createdAt
    }
}

/// A network of containers.
package struct StoredNetwork: Hashable, Sendable {
    /// 64 hexadecimal digits.
    package var id: String
    package var name: String
    /// The third byte of its members' addresses; no other network has it.
    package var number: UInt8
    package var labels: [String: String]
    package var createdAt: Date

    package init(id: String, name: String, number: UInt8, labels: [String: String] = [:], createdAt: Date) {
        self.id = id
        self.name = name
        self.number = number
        self.labels = labels
        self.createdAt = createdAt
    }
}
