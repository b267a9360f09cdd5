// SPDX-License-Identifier: Apache-2.0
// The file of `serve --config`: the keys of ServeConfiguration as YAML, checked like a manifest.

import ACME
import Foundation
import FunctionModel
import Gateway
import ImageStore
import Logging
package import ManifestReader
import Registry
import Scheduler

/// Reads a configuration file over the defaults.
package enum ServeConfigurationFile {
    static let keys = [
        "listen", "data_dir", "log_level", "access_log_level", "sandboxes_max", "drain_timeout", "limits",
        "registries", "image_budget", "host_mounts", "container_disk", "admin_hosts", "metrics_auth",
        "metrics_listen", "otlp",
        "build_allow",
        "callback_allow", "trusted_proxies", "proxy_protocol", "allow_root", "tls", "run_images",
        "lambda_runtimes",
    ]
    static let limitKeys = [
        "connections", "header_count", "header_field", "headers", "target", "idle_timeout",
        "head_timeout", "body_timeout", "upload", "admin_body",
    ]
    static let registryKeys = ["mirrors", "plain_http"]

    static let tlsKeys = ["certificates", "self_signed", "client_ca", "redirect", "acme"]
    static let acmeKeys = ["domains", "url", "email", "agree_terms", "ca"]
    static let certificateKeys = ["cert", "key"]

    /// Every key by its path; tests and the reference enumerate these.
    static var leaves: [String] {
        keys.filter { !["limits", "registries", "tls"].contains($0) }
            + tlsKeys.filter { $0 != "acme" }.map { "tls." + $0 }
            + acmeKeys.map { "tls.acme." + $0 }
            + limitKeys.map { "limits." + $0 }
            + registryKeys.map { "registries." + $0 }
    }

    /// Lays the file's values over a configuration.
    ///
    /// - Parameters:
    ///   - text: YAML or JSON.
    ///   - file: how messages name it.
    ///   - configuration: what is absent from the file stays as it is.
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    package static func apply(
        _ text: String,
        file: String,
        to configuration: inout ServeConfiguration
    ) throws(ManifestError) {
        let top = try ManifestMapping(ManifestSource(file: file, variables: nil).parse(text))
        try top.allow(only: keys)
        if let node = top["listen"] { configuration.listen = try node.value(ListenAddress.init(_:field:)) }
        if let node = top["data_dir"] { configuration.dataDirectory = try node.text("a folder") }
        if let node = top["log_level"] { configuration.logLevel = try node.choice(Logger.Level.self) }
        if let node = top["access_log_level"] {
            configuration.accessLogLevel = try node.choice(Logger.Level.self)
        }
        if let node = top["sandboxes_max"] { configuration.sandboxesMax = try positive(node) }
        if let node = top["drain_timeout"] {
            configuration.drainTimeout = try node.value(TimeSpan.init(_:field:))
        }
        if let node = top["image_budget"] {
            configuration.imageBudget = try node.value(ImageBudget.init(_:field:))
        }
        if let node = top["host_mounts"] { configuration.hostMounts = try node.boolean() }
        if let node = top["container_disk"], !node.isNull {
            configuration.containerDisk = try node.value(ByteCount.init(_:field:))
        }
        if let node = top["admin_hosts"] { configuration.adminHosts = try node.texts() }
        if let node = top["metrics_auth"] {
            configuration.metricsAuthentication = try node.choice(MetricsAuthentication.self)
        }
        if let node = top["metrics_listen"], !node.isNull {
            configuration.metricsListen = try node.value(ListenAddress.init(_:field:))
        }
        if let node = top["otlp"], !node.isNull { configuration.otlp = try collector(node) }
        if let node = top["build_allow"] { configuration.buildAllow = try networks(node) }
        if let node = top["callback_allow"] { configuration.callbackAllow = try networks(node) }
        if let node = top["trusted_proxies"] { configuration.trustedProxies = try networks(node) }
        if let node = top["proxy_protocol"] {
            configuration.proxyProtocol = try node.boolean()
            if configuration.proxyProtocol, configuration.trustedProxies.isEmpty {
                throw node.mistake(
                    "proxy_protocol: only trusted_proxies may send its header, and there are none"
                )
            }
        }
        if let node = top["allow_root"] { configuration.allowsRoot = try node.boolean() }
        if let node = top["tls"] { configuration.tls = try tls(node) }
        if let node = top["run_images"] { configuration.runImages = try runImages(node) }
        if let node = top["lambda_runtimes"] { configuration.lambdaRuntimes = try lambdaRuntimes(node) }
        if let node = top["limits"] { try applyLimits(ManifestMapping(node), to: &configuration) }
        if let node = top["registries"] { configuration.registries = try registries(node) }
    }

    private static func applyLimits(
        _ mapping: ManifestMapping,
        to configuration: inout ServeConfiguration
    ) throws(ManifestError) {
        try mapping.allow(only: limitKeys)
        if let node = mapping["connections"] { configuration.limits.connectionsMax = try positive(node) }
        if let node = mapping["header_count"] { configuration.limits.headerCountMax = try positive(node) }
        if let node = mapping["header_field"] { configuration.limits.headerFieldBytesMax = try bytes(node) }
        if let node = mapping["headers"] { configuration.limits.headerBytesMax = try bytes(node) }
        if let node = mapping["upload"] { configuration.limits.uploadBytesMax = try bytes(node) }
        if let node = mapping["admin_body"] { configuration.limits.adminBodyBytesMax = try bytes(node) }
        if let node = mapping["target"] { configuration.limits.targetBytesMax = try bytes(node) }
        if let node = mapping["idle_timeout"] { configuration.limits.idleTimeout = try duration(node) }
        if let node = mapping["head_timeout"] { configuration.limits.headTimeout = try duration(node) }
        if let node = mapping["body_timeout"] { configuration.limits.bodyTimeout = try duration(node) }
    }

    private static func registries(_ node: ManifestNode) throws(ManifestError) -> RegistryConfiguration {
        let mapping = try ManifestMapping(node)
        try mapping.allow(only: registryKeys)
        var registries = RegistryConfiguration()
        for entry in try mapping["mirrors"].map(ManifestMapping.init)?.entries ?? [] {
            registries.mirrors[entry.key] = try entry.value.texts()
        }
        for entry in try mapping["plain_http"].map(ManifestMapping.init)?.entries ?? [] {
            registries.plainHTTP[entry.key] = try entry.value.boolean()
        }
        do throws(RegistryError) {
            try registries.validate()
        } catch {
            throw node.mistake(error.description)
        }
        return registries
    }

    private static func tls(_ node: ManifestNode) throws(ManifestError) -> TLSSettings {
        let mapping = try ManifestMapping(node)
        try mapping.allow(only: tlsKeys)
        var settings = TLSSettings()
        for node in try mapping["certificates"]?.list() ?? [] {
            let pair = try ManifestMapping(node)
            try pair.allow(only: certificateKeys)
            guard let certificate = pair["cert"], let key = pair["key"] else {
                throw node.mistake("\(node.path): a certificate needs both 'cert' and 'key'")
            }
            settings.pairs.append(
                .init(certificate: try certificate.text("a file"), key: try key.text("a file"))
            )
        }
        if let node = mapping["self_signed"] { settings.isSelfSigned = try node.boolean() }
        if let node = mapping["client_ca"] { settings.clientRoots = try node.text("a file") }
        if let node = mapping["redirect"] { settings.redirect = try node.value(ListenAddress.init(_:field:)) }
        if let node = mapping["acme"] { settings.acme = try acme(node) }
        if let mistake = settings.mistake { throw node.mistake("tls: \(mistake)") }
        return settings
    }

    private static func acme(_ node: ManifestNode) throws(ManifestError) -> ACMESettings {
        let mapping = try ManifestMapping(node)
        try mapping.allow(only: acmeKeys)
        var settings = ACMESettings()
        if let node = mapping["domains"] { settings.setDomains(try node.texts()) }
        if let node = mapping["url"] { settings.authority = try node.text("the address of a directory") }
        if let node = mapping["email"] { settings.email = try node.text("an address") }
        if let node = mapping["agree_terms"] { settings.agreesToTerms = try node.boolean() }
        if let node = mapping["ca"] { settings.roots = try node.text("a file") }
        return settings
    }

    private static func runImages(_ node: ManifestNode) throws(ManifestError) -> RunImages {
        var references: [String: String] = [:]
        for entry in try ManifestMapping(node).entries {
            references[entry.key] = try entry.value.text("an image reference")
        }
        do throws(ModelError) { return try RunImages(references) } catch {
            throw node.mistake(error.description)
        }
    }

    private static func lambdaRuntimes(_ node: ManifestNode) throws(ManifestError) -> LambdaRuntimes {
        var references: [String: String] = [:]
        for entry in try ManifestMapping(node).entries {
            references[entry.key] = try entry.value.text("an image reference")
        }
        do throws(ModelError) { return try LambdaRuntimes(references) } catch {
            throw node.mistake(error.description)
        }
    }

    private static func collector(_ node: ManifestNode) throws(ManifestError) -> URL {
        let text = try node.text("the address of a collector")
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host() != nil else {
            throw node.mistake("otlp: '\(text)' is not an address such as http://127.0.0.1:4318/v1/traces")
        }
        return url
    }

    private static func networks(_ node: ManifestNode) throws(ManifestError) -> [IPv4Network] {
        try node.texts().map { text throws(ManifestError) in
            guard let network = IPv4Network(text) else {
                throw node.mistake("\(node.path): '\(text)' is not an IPv4 network such as 10.1.0.0/16")
            }
            return network
        }
    }

    private static func positive(_ node: ManifestNode) throws(ManifestError) -> Int {
        let number = try node.integer()
        guard number > 0 else { throw tooSmall(node, number) }
        return number
    }

    private static func duration(_ node: ManifestNode) throws(ManifestError) -> Duration {
        let span = try node.value(TimeSpan.init(_:field:))
        guard span.duration > .zero else { throw tooSmall(node, span) }
        return span.duration
    }

    private static func bytes(_ node: ManifestNode) throws(ManifestError) -> Int {
        let count = try node.value(ByteCount.init(_:field:))
        guard count.bytes > 0 else { throw tooSmall(node, count) }
        return count.bytes
    }

    /// No limit can be zero: nothing would be served, and no word says that zero is no limit.
    private static func tooSmall(_ node: ManifestNode, _ value: some CustomStringConvertible) -> ManifestError
    {
        node.mistake("\(node.path): '\(value)' is not valid, expected more than zero")
    }
}
