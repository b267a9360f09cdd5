// SPDX-License-Identifier: Apache-2.0
// What runs now, and how it is ended. Gateway writes it, faasctl reads it.

package import FoundationEssentials
package import FunctionModel

/// A call or an attached container that runs now.
package struct RunningBody: Hashable, Sendable, Codable {
    /// `call` or `container`.
    package var kind: String
    package var id: String
    /// Absent for what is no function's.
    package var function: String?
    package var image: String
    package var container: String
    package var startedAt: Date
    package var ageMilliseconds: Double
    /// `running` or `stopping`.
    package var state: String
    /// Absent when it has ended meanwhile; as are the two below.
    package var cpuMilliseconds: Double?
    /// Absent where the host does not count it.
    package var memoryBytes: Int?
    package var processes: Int?
    /// Ports that are published on the host; absent without any.
    package var ports: [PublishedPort]?

    package enum CodingKeys: String, CodingKey {
        case kind, id, function, image, container, ports
        case startedAt = "started_at"
        case ageMilliseconds = "age_ms"
        case state
        case cpuMilliseconds = "cpu_ms"
        case memoryBytes = "memory_bytes"
        case processes
    }

    package init(kind: String, id: String, image: String, container: String, startedAt: Date, state: String) {
        self.kind = kind
        self.id = id
        self.image = image
        self.container = container
        self.startedAt = startedAt
        self.state = state
        ageMilliseconds = Date().timeIntervalSince(startedAt) * 1000
    }
}

/// The answer to a request that ends something.
package struct EndedBody: Hashable, Sendable, Codable {
    /// The whole id of what was meant.
    package var id: String
    /// False when it runs on: after a signal that is not SIGKILL, or where the kernel is slow to end it.
    package var hasEnded: Bool

    package enum CodingKeys: String, CodingKey {
        case id
        case hasEnded = "ended"
    }

    package init(id: String, hasEnded: Bool) {
        self.id = id
        self.hasEnded = hasEnded
    }
}
