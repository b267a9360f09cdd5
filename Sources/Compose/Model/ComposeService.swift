// SPDX-License-Identifier: Apache-2.0
// One service of a project, after merging, with every short form resolved.

package import FunctionModel

/// One service: what its containers are made of.
package struct ComposeService: Hashable, Sendable {
    package var name: String
    /// Where its map begins.
    package var place: SourcePlace
    package var image: String?
    package var build: ComposeBuild?
    package var pullPolicy: PullPolicy?
    /// nil leaves the image's CMD.
    package var command: [String]?
    /// nil leaves the image's ENTRYPOINT.
    package var entrypoint: [String]?
    package var environment: [String: String] = [:]
    package var ports: [ComposePort] = []
    /// Ports that only other services reach, `80` or `80/udp`.
    package var expose: [String] = []
    package var mounts: [ComposeMount] = []
    package var dependencies: [ComposeDependency] = []
    package var healthcheck: ComposeHealthcheck?
    package var restart = ComposeRestart.no
    /// Networks by key; empty with `network_mode: none`.
    package var networks: [ComposeAttachment] = []
    package var labels: [String: String] = [:]
    package var profiles: [String] = []
    package var secrets: [ComposeGrant] = []
    package var configs: [ComposeGrant] = []
    package var limits = ComposeLimits()
    package var isReadOnly = false
    package var hasInit = false
    package var user: String?
    package var workingDirectory: String?
    package var stopGracePeriod: TimeSpan?
    package var stopSignal: String?
    package var hostname: String?
    package var containerName: String?
    /// `name:address` each.
    package var extraHosts: [String] = []
    package var hasOpenInput = false
    package var hasTerminal = false
    package var addedCapabilities: [String] = []
    package var droppedCapabilities: [String] = []
    /// Whether an attached `up` shows its output.
    package var isAttached = true
    /// The value of `x-mayfly`: the service is a function with these keys.
    package var function: ComposeNode?

    init(name: String, place: SourcePlace) {
        self.name = name
        self.place = place
    }

    /// The image that its containers are made of: its own name, or one for the project's build.
    package func imageName(project: String) -> String { image ?? "\(project)-\(name.lowercased())" }

    /// The name of a container.
    ///
    /// - Parameters:
    ///   - project: the name of the project.
    ///   - number: from 1.
    /// - Returns: its own name, or PROJECT-SERVICE-NUMBER.
    package func containerName(project: String, number: Int) -> String {
        containerName ?? "\(project)-\(name)-\(number)"
    }
}

/// When an image is fetched.
package enum PullPolicy: String, Hashable, Sendable, CaseIterable {
    case always, missing, never, build
    case ifNotPresent = "if_not_present"
}

/// How an image is built.
package struct ComposeBuild: Hashable, Sendable {
    /// Absolute.
    package var context: String
    /// Relative to the context, or absolute.
    package var dockerfile: String?
    package var arguments: [String: String] = [:]
    package var target: String?
    package var noCache = false
}

/// A service that has to reach a condition before another one starts.
package struct ComposeDependency: Hashable, Sendable {
    /// What the other service waits for.
    package enum Condition: String, Hashable, Sendable, CaseIterable {
        case started = "service_started"
        case healthy = "service_healthy"
        case completed = "service_completed_successfully"
    }

    package var service: String
    package var condition = Condition.started
    /// Whether the dependent service is restarted with it.
    package var restarts = false
    /// Whether its absence is an error.
    package var isRequired = true
    var place: SourcePlace
}

/// What answers whether a container is well.
package struct ComposeHealthcheck: Hashable, Sendable {
    /// `["CMD", …]`, `["CMD-SHELL", text]` or `["NONE"]`; nil keeps the image's.
    package var test: [String]?
    package var interval: TimeSpan?
    package var timeout: TimeSpan?
    package var retries: Int?
    package var startPeriod: TimeSpan?
    package var startInterval: TimeSpan?

    package var isDisabled: Bool { test == ["NONE"] }
}

/// What happens when a container ends by itself.
package enum ComposeRestart: Hashable, Sendable {
    case no, always, unlessStopped
    /// nil retries without a bound.
    case onFailure(retries: Int?)

    /// As Docker writes it.
    package var text: String {
        switch self {
        case .no: "no"
        case .always: "always"
        case .unlessStopped: "unless-stopped"
        case .onFailure(nil): "on-failure"
        case .onFailure(let retries?): "on-failure:\(retries)"
        }
    }
}

/// A service in a network.
package struct ComposeAttachment: Hashable, Sendable {
    /// The network's key.
    package var network: String
    package var aliases: [String] = []
    var place: SourcePlace
}

/// A secret or configuration file in a container.
package struct ComposeGrant: Hashable, Sendable {
    /// The key of the project's secret or configuration.
    package var source: String
    /// The path in the container; a secret's name alone is below /run/secrets.
    package var target: String?
    var place: SourcePlace
}

/// What a container may use at most.
package struct ComposeLimits: Hashable, Sendable {
    package var memory: ByteCount?
    package var cpus: Millicores?
    package var pids: Int?

    package init() {}
}
