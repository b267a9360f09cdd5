// SPDX-License-Identifier: Apache-2.0
// The JSON in the first and last frame of an attached container's answer.

/// The content of the first frame.
package struct ContainerStarted: Hashable, Sendable, Codable {
    /// Names the container in the paths for input, size and signals.
    package var id: String

    package init(id: String) { self.id = id }
}

/// The content of the last frame.
package struct ContainerEnded: Hashable, Sendable, Codable {
    /// The container's exit code, 128 plus the signal, 126 or 127 when the command could not be executed, 125 when
    /// the platform failed.
    package var exitCode: Int32
    /// What the code alone does not say; nil when the container's own output explains it.
    package var reason: String?

    package enum CodingKeys: String, CodingKey { case exitCode = "exit_code", reason }

    package init(exitCode: Int32, reason: String? = nil) {
        self.exitCode = exitCode
        self.reason = reason
    }

    /// The code of a failure of the platform.
    package static let platformCode: Int32 = 125
}
