// SPDX-License-Identifier: Apache-2.0
// A service in the long forms of the specification.

import FunctionModel

extension ComposeService {
    /// The service as `config` shows it.
    package var rendered: RenderedValue { object.value }

    /// What a container is made of: a change of anything else makes no new container.
    package var renderedForHash: RenderedValue {
        var object = object
        for key in ["attach", "build", "depends_on", "profiles", "pull_policy"] { object[key] = nil }
        return object.value
    }

    private var object: RenderedObject {
        var object = RenderedObject()
        object["command"] = command.map { .texts($0) } ?? .null
        object["entrypoint"] = entrypoint.map { .texts($0) } ?? .null
        object.set("image", image)
        object.set("pull_policy", pullPolicy?.rawValue)
        if let build { object["build"] = build.rendered.value }
        object.set("environment", environment)
        object.set("labels", labels)
        object.set("profiles", profiles)
        object.set("cap_add", addedCapabilities)
        object.set("cap_drop", droppedCapabilities)
        object.set("container_name", containerName)
        object.set("expose", expose)
        object.set("extra_hosts", extraHosts.map(Self.withEquals))
        object.set("hostname", hostname)
        object.set("user", user)
        object.set("working_dir", workingDirectory)
        object.set("stop_grace_period", stopGracePeriod?.description)
        object.set("stop_signal", stopSignal)
        object.set("init", hasInit)
        object.set("read_only", isReadOnly)
        object.set("stdin_open", hasOpenInput)
        object.set("tty", hasTerminal)
        if !isAttached { object["attach"] = .boolean(false) }
        if restart != .no { object.set("restart", restart.text) }
        object.set("ports", ports.map(\.rendered))
        object.set("volumes", mounts.map(\.rendered))
        object.set("secrets", secrets.map(\.rendered))
        object.set("configs", configs.map(\.rendered))
        object.set("deploy", limits.rendered)
        if let healthcheck { object["healthcheck"] = healthcheck.rendered.value }
        renderLinks(into: &object)
        if let function { object[ComposeSchema.functionKey] = function.rendered }
        return object
    }

    private func renderLinks(into object: inout RenderedObject) {
        var dependencies: [String: RenderedValue] = [:]
        for dependency in self.dependencies {
            var inner = RenderedObject()
            inner.set("condition", dependency.condition.rawValue)
            inner["required"] = .boolean(dependency.isRequired)
            inner.set("restart", dependency.restarts)
            dependencies[dependency.service] = inner.value
        }
        if !dependencies.isEmpty { object["depends_on"] = .object(dependencies) }
        var attachments: [String: RenderedValue] = [:]
        for attachment in networks {
            attachments[attachment.network] =
                attachment.aliases.isEmpty ? .null : .object(["aliases": .texts(attachment.aliases)])
        }
        if attachments.isEmpty {
            object.set("network_mode", "none")
        } else {
            object["networks"] = .object(attachments)
        }
    }

    /// `name:address` with the separator that IPv6 addresses cannot contain.
    private static func withEquals(_ host: String) -> String {
        guard let colon = host.firstIndex(of: ":") else { return host }
        return host[..<colon] + "=" + host[host.index(after: colon)...]
    }
}

extension ComposeBuild {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("context", context)
        object.set("dockerfile", dockerfile ?? "Dockerfile")
        object.set("args", arguments)
        object.set("target", target)
        object.set("no_cache", noCache)
        return object
    }
}

extension ComposePort {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("mode", "ingress")
        object.set("host_ip", hostAddress)
        object.set("target", target)
        object.set("published", published.map { String($0) })
        object.set("protocol", isUDP ? "udp" : "tcp")
        return object
    }
}

extension ComposeMount {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("target", target)
        object.set("read_only", isReadOnly)
        switch source {
        case .bind(let path, let createsPath):
            object.set("type", "bind")
            object.set("source", path)
            object["bind"] = .object(["create_host_path": .boolean(createsPath)])
        case .volume(let key):
            object.set("type", "volume")
            object.set("source", key)
        case .anonymous: object.set("type", "volume")
        case .temporary(let size):
            object.set("type", "tmpfs")
            var options = RenderedObject()
            options.set("size", size.map { String($0.bytes) })
            object.set("tmpfs", options)
        }
        return object
    }
}

extension ComposeGrant {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("source", source)
        object.set("target", target)
        return object
    }
}

extension ComposeLimits {
    fileprivate var rendered: RenderedObject {
        var limits = RenderedObject()
        limits.set("memory", memory.map { String($0.bytes) })
        if let cpus { limits["cpus"] = .number(Double(cpus.count) / 1000) }
        limits.set("pids", pids)
        var resources = RenderedObject()
        resources.set("limits", limits)
        var deploy = RenderedObject()
        deploy.set("resources", resources)
        return deploy
    }
}

extension ComposeHealthcheck {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("disable", isDisabled)
        if let test, !isDisabled { object.set("test", test) }
        object.set("interval", interval?.description)
        object.set("timeout", timeout?.description)
        object.set("retries", retries)
        object.set("start_period", startPeriod?.description)
        object.set("start_interval", startInterval?.description)
        return object
    }
}

extension ComposeNode {
    /// The value as text, lists and objects; numbers and booleans as they are usually written.
    fileprivate var rendered: RenderedValue {
        switch content {
        case .null: .null
        case .scalar("true"): .boolean(true)
        case .scalar("false"): .boolean(false)
        case .scalar(let text): Int(text).map { .integer($0) } ?? .text(text)
        case .list(let items): .list(items.map(\.rendered))
        case .map(let entries):
            .object(Dictionary(entries.map { ($0.key, $0.value.rendered) }) { _, last in last })
        }
    }
}
