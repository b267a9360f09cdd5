// SPDX-License-Identifier: Apache-2.0
// The states of a container in Docker's words.

/// Where a container is between its creation and its removal.
package enum ContainerStatus: String, Hashable, Sendable, Codable, CaseIterable {
    /// Never started.
    case created
    case running
    case paused
    /// It has ended, and waits for its next start.
    case restarting
    case exited
    /// Its files could not be removed.
    case dead

    /// Whether it has processes or will have some by itself.
    package var isActive: Bool { self == .running || self == .paused || self == .restarting }
}
