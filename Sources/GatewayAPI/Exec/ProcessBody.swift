// SPDX-License-Identifier: Apache-2.0
// A process of a container as JSON. Gateway writes it; faasctl reads it.

package import FoundationEssentials

/// One process, in the container's own numbers and names.
package struct ProcessBody: Hashable, Sendable, Codable {
    package var id: Int32
    /// 0 for PID 1, and for what entered the container.
    package var parentID: Int32
    /// A name of the image's /etc/passwd, or a number.
    package var user: String
    /// As the letter of proc(5): R, S, D, T, Z.
    package var state: String
    /// Of the program, at most 15 bytes; the process may have changed it.
    package var name: String
    /// Empty for a process that has ended and was not waited for.
    package var command: [String]
    /// Such as `pts/0`; absent without one.
    package var terminal: String?
    package var startedAt: Date
    package var ageMilliseconds: Double
    package var cpuMilliseconds = 0.0
    package var threads = 1
    package var virtualBytes = 0
    package var residentBytes = 0

    package enum CodingKeys: String, CodingKey {
        case id = "pid"
        case parentID = "parent_pid"
        case user, state, name, command, terminal, threads
        case startedAt = "started_at"
        case ageMilliseconds = "age_ms"
        case cpuMilliseconds = "cpu_ms"
        case virtualBytes = "virtual_bytes"
        case residentBytes = "resident_bytes"
    }

    package init(
        id: Int32,
        parentID: Int32,
        user: String,
        state: String,
        name: String,
        command: [String],
        startedAt: Date,
        ageMilliseconds: Double
    ) {
        self.id = id
        self.parentID = parentID
        self.user = user
        self.state = state
        self.name = name
        self.command = command
        self.startedAt = startedAt
        self.ageMilliseconds = ageMilliseconds
    }
}
