// SPDX-License-Identifier: Apache-2.0
// The settings of a container besides its image. Pure; Catalog, ContainerPlans and build steps fill it in.

package import FunctionModel
package import Sandbox

/// The part of a container's plan that its image does not decide.
package struct ContainerOverrides: Hashable, Sendable {
    package var hostname: String
    /// Replaces ENTRYPOINT and removes CMD; empty words are dropped, so that `[""]` is no entry point.
    package var entrypoint: [String]?
    /// Replaces CMD.
    package var command: [String]?
    /// Variables by name; the image's take precedence.
    package var defaults: [String: String]
    /// Variables by name; they take precedence over the image's.
    package var environment: [String: String] = [:]
    /// Replaces WORKDIR.
    package var workingDirectory: String?
    package var limits = Limits()
    package var readOnlyRoot = false
    package var network = NetworkMode.none
    /// Networks besides the public internet that it reaches, as text.
    package var egressAllow: [String] = []
    /// Its own addresses among those of other containers.
    package var links: [LinkAddress] = []
    /// Whether /etc/hosts is rewritten while it runs.
    package var rewritesHosts = false
    package var secrets: [SandboxSecret] = []
    /// Names in the form `CAP_NET_BIND_SERVICE`.
    package var capabilities: [String] = []
    /// In any order.
    package var mounts: [SandboxMount] = []
    /// Replaces the writable layer in memory.
    package var writableLayer: HostPlace?
    /// Whether PID 1 gets a terminal.
    package var hasTerminal = false
    /// Names of /etc/hosts besides the container's own.
    package var hosts: [HostEntry] = []
    /// Whether PID 1 is an init, whose child the program is.
    package var hasInit = false

    /// No overrides, except HOSTNAME where the image does not set it.
    package init(hostname: String) {
        self.hostname = hostname
        defaults = ["HOSTNAME": hostname]
    }

    /// Refuses mounts over the container's own; an early check, which ``ContainerPlanner`` repeats.
    ///
    /// - Throws: ``ContainerPlanError/mountTarget(_:expected:)``.
    package func checkMounts() throws(ContainerPlanError) {
        for mount in mounts {
            guard let expected = SandboxMount.refusal(of: mount.target) else { continue }
            throw .mountTarget(mount.target, expected: expected)
        }
    }
}
