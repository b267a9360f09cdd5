// SPDX-License-Identifier: Apache-2.0
// Mounts of a container besides its image: values.

/// A folder or file of the host.
package struct HostPlace: Hashable, Sendable {
    /// Absolute; links are followed as for any program of the host.
    package var folder: String
    /// Strictly below the folder, and refused if a part of the path is a link; empty for the folder itself.
    package var name: String

    package init(folder: String, name: String = "") {
        self.folder = folder
        self.name = name
    }
}

/// A mount of a container.
package struct SandboxMount: Hashable, Sendable {
    /// The source of the mount.
    package enum Source: Hashable, Sendable {
        case host(HostPlace)
        /// An empty tmpfs of at most so many bytes.
        case memory(sizeBytes: Int)
    }

    package var source: Source
    /// Absolute, resolved in the container's root; made when absent.
    package var target: String
    package var readOnly: Bool

    package init(source: Source, target: String, readOnly: Bool = false) {
        self.source = source
        self.target = target
        self.readOnly = readOnly
    }

    /// Why nothing may be mounted at a target; nil when something may.
    ///
    /// The container's own mounts are part of its isolation.
    package static func refusal(of target: String) -> String? {
        guard target.hasPrefix("/") else { return "an absolute path" }
        let parts = target.split(separator: "/").filter { $0 != "." }
        guard let first = parts.first, !parts.contains("..") else { return "a path below /, without '..'" }
        return ["proc", "sys", "dev"].contains(first) ? "a path outside of /proc, /sys and /dev" : nil
    }
}
