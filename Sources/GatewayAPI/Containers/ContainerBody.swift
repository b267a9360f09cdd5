// SPDX-License-Identifier: Apache-2.0
// A container and a volume as JSON. Gateway writes them; faasctl reads them.

package import FoundationEssentials
package import FunctionModel
import OCI

/// One container.
package struct ContainerBody: Hashable, Sendable, Codable {
    /// What its health checks say.
    package struct Health: Hashable, Sendable, Codable {
        /// One check that has ended.
        package struct Probe: Hashable, Sendable, Codable {
            package var startedAt: Date
            package var endedAt: Date
            /// -1 when it was killed at its time limit or could not be made.
            package var exitCode: Int32
            package var output: String

            package enum CodingKeys: String, CodingKey {
                case output
                case startedAt = "started_at"
                case endedAt = "ended_at"
                case exitCode = "exit_code"
            }

            package init(startedAt: Date, endedAt: Date, exitCode: Int32, output: String) {
                self.startedAt = startedAt
                self.endedAt = endedAt
                self.exitCode = exitCode
                self.output = output
            }
        }

        package var status: ContainerHealth
        package var failingStreak: Int
        /// The last ones, oldest first.
        package var log: [Probe]

        package enum CodingKeys: String, CodingKey { case status, log, failingStreak = "failing_streak" }

        package init(status: ContainerHealth, failingStreak: Int, log: [Probe]) {
            self.status = status
            self.failingStreak = failingStreak
            self.log = log
        }
    }

    /// Where it is.
    package struct State: Hashable, Sendable, Codable {
        package var status: ContainerStatus
        package var exitCode: Int32
        /// What the exit code does not say; empty when it says everything.
        package var error: String
        package var isOutOfMemory: Bool
        /// Of PID 1 on the gateway's host; absent when it does not run or is not known.
        package var pid: Int?
        package var startedAt: Date?
        package var finishedAt: Date?
        package var restartCount: Int
        /// Absent without health checks, and while it does not run.
        package var health: Health?

        package enum CodingKeys: String, CodingKey {
            case status, error, pid, health
            case exitCode = "exit_code"
            case isOutOfMemory = "oom_killed"
            case startedAt = "started_at"
            case finishedAt = "finished_at"
            case restartCount = "restart_count"
        }

        package init(
            status: ContainerStatus,
            exitCode: Int32,
            error: String,
            isOutOfMemory: Bool,
            restartCount: Int
        ) {
            self.status = status
            self.exitCode = exitCode
            self.error = error
            self.isOutOfMemory = isOutOfMemory
            self.restartCount = restartCount
        }
    }

    /// 64 hexadecimal digits.
    package var id: String
    package var name: String
    /// As it was asked for.
    package var image: String
    /// The manifest's digest.
    package var imageDigest: Digest
    /// Entry point and command, as they are executed.
    package var command: [String]
    package var createdAt: Date
    package var state: State
    /// What of it is published on the host now; empty while it does not run.
    package var ports: [PublishedPort] = []
    /// What its image exposes and nothing publishes, such as `80/tcp`; empty while it does not run.
    package var exposedPorts: [String] = []
    /// Its places in networks.
    package var networks: [NetworkPlaceBody] = []
    /// What it was created from.
    package var request: ContainerRequest

    package enum CodingKeys: String, CodingKey {
        case id, name, image, command, state, ports, networks, request
        case imageDigest = "image_digest"
        case createdAt = "created_at"
        case exposedPorts = "exposed_ports"
    }

    package init(
        id: String,
        name: String,
        imageDigest: Digest,
        command: [String],
        createdAt: Date,
        state: State,
        request: ContainerRequest
    ) {
        self.id = id
        self.name = name
        image = request.image
        self.imageDigest = imageDigest
        self.command = command
        self.createdAt = createdAt
        self.state = state
        self.request = request
    }
}

/// The answer to a request that waits for a container's end.
package struct ContainerWaitBody: Hashable, Sendable, Codable {
    /// Of its last end.
    package var exitCode: Int32
    /// What the exit code does not say; empty when it says everything.
    package var error: String

    package enum CodingKeys: String, CodingKey { case exitCode = "exit_code", error }

    package init(exitCode: Int32, error: String) {
        self.exitCode = exitCode
        self.error = error
    }
}

/// One line of a container's log.
package struct ContainerLogLine: Hashable, Sendable, Codable {
    /// RFC 3339, nine digits of a second, UTC.
    package var time: String
    /// `stdout` or `stderr`.
    package var stream: String
    /// With its end, where it had one.
    package var log: String

    package init(time: String, stream: String, log: String) {
        self.time = time
        self.stream = stream
        self.log = log
    }
}

/// Something that happened to a container.
package struct ContainerEventBody: Hashable, Sendable, Codable {
    package var time: Date
    /// In Docker's words: create, start, die, stop, kill, pause, unpause, rename, destroy, oom.
    package var action: String
    package var id: String
    package var name: String
    package var image: String
    /// Of `die`.
    package var exitCode: Int32?

    package enum CodingKeys: String, CodingKey { case time, action, id, name, image, exitCode = "exit_code" }

    package init(time: Date, action: String, id: String, name: String, image: String, exitCode: Int32?) {
        self.time = time
        self.action = action
        self.id = id
        self.name = name
        self.image = image
        self.exitCode = exitCode
    }
}

/// One named volume.
package struct VolumeBody: Hashable, Sendable, Codable {
    package var name: String
    /// Of its files, on the gateway's host.
    package var mountpoint: String
    package var labels: [String: String]
    package var createdAt: Date
    /// Containers that name it.
    package var containers: [String]

    package enum CodingKeys: String, CodingKey {
        case name, mountpoint, labels, containers
        case createdAt = "created_at"
    }

    package init(
        name: String,
        mountpoint: String,
        labels: [String: String],
        createdAt: Date,
        containers: [String]
    ) {
        self.name = name
        self.mountpoint = mountpoint
        self.labels = labels
        self.createdAt = createdAt
        self.containers = containers
    }
}

/// The request that creates a volume.
package struct VolumeRequest: Hashable, Sendable, StrictBody {
    /// Nil: 64 hexadecimal digits.
    package var name: String?
    package var labels: [String: String]?

    package enum CodingKeys: String, CodingKey, CaseIterable { case name, labels }

    package static let keys = KeyTree.object(of: CodingKeys.self) { $0 == .labels ? .map : .value }

    package init(name: String? = nil, labels: [String: String]? = nil) {
        self.name = name
        self.labels = labels
    }
}
