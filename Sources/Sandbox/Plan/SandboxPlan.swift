// SPDX-License-Identifier: Apache-2.0
// The configuration of a container, as a pure value. Spawner makes a slot and sandboxes from it.

import CSandbox
package import FunctionModel

/// The user that PID 1 runs as, in the container's own numbers.
package struct ContainerUser: Hashable, Codable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    package var supplementaryGroups: [UInt32]

    /// The last id that a container has: each slot's user namespace maps as many from 0.
    package static let idMax: UInt32 = CSANDBOX_IDS_PER_SLOT - 1

    package init(uid: UInt32 = 0, gid: UInt32 = 0, supplementaryGroups: [UInt32] = []) {
        self.uid = uid
        self.gid = gid
        self.supplementaryGroups = supplementaryGroups
    }
}

/// One secret: a file below /run/secrets.
package struct SandboxSecret: Hashable, Sendable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// Everything about a function's containers that does not change between invocations.
package struct SandboxPlan: Hashable, Sendable {
    /// Absolute path of the unpacked, read-only tree.
    package var rootfs: String
    package var hostname: String
    package var user = ContainerUser()
    /// Made when the image does not have it.
    package var workingDirectory = "/"
    /// The image's volumes: made when it does not have them, and writable in a read-only root too.
    package var volumes: [String] = []
    package var readOnlyRoot = false
    package var limits = Limits()
    package var network = NetworkMode.none
    package var egressAllow: [String] = []
    /// Its own addresses among those of other containers; without one it reaches none of them.
    ///
    /// Connections to other addresses come to ``WarmSandbox/listenForLinks()``.
    package var links: [LinkAddress] = []
    /// Whether /etc/hosts is rewritten while it runs; with links, in a slot that serves one sandbox.
    package var rewritesHosts = false
    package var secrets: [SandboxSecret] = []
    /// Names as in `CAP_NET_BIND_SERVICE`; none by default.
    package var capabilities: [String] = []
    /// A folder with empty folders `changes` and `scratch` that takes the place of the writable layer in memory.
    ///
    /// Afterwards `changes` holds what the container changed, as the upper folder of an overlay. A plan with it, or
    /// with mounts of the host, serves one sandbox per slot.
    package var writableLayer: HostPlace?
    /// In the order in which they are made.
    package var mounts: [SandboxMount] = []
    /// Whether PID 1 gets a terminal: stdin and stdout are its other end, nothing comes on stderr.
    package var hasTerminal = false

    /// Names of /etc/hosts besides the container's own.
    package var hosts: [HostEntry] = []
    /// Whether PID 1 is an init, whose child the program is; not with a template.
    package var hasInit = false

    package init(rootfs: String, hostname: String) {
        self.rootfs = rootfs
        self.hostname = hostname
    }
}

/// The command of PID 1; known only with the request.
package struct SandboxCommand: Hashable, Sendable {
    /// `argv`; a first word without `/` is looked up in the PATH of ``environment`` inside the container.
    package var arguments: [String]
    /// `NAME=value` each.
    package var environment: [String]
    /// The same of those whose value is no UTF-8; they come last.
    package var byteEnvironment: [[UInt8]] = []

    package init(arguments: [String], environment: [String]) {
        self.arguments = arguments
        self.environment = environment
    }
}
