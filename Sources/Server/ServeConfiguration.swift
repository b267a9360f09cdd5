// SPDX-License-Identifier: Apache-2.0
// Every option of `faasctl serve` in one place: defaults, then the file, then the flags. faasctl serve fills it in.

import ACME
package import Foundation
package import FunctionModel
import Gateway
import ImageStore
package import Logging
import Registry
import Scheduler
import TLS

/// All options of a gateway.
package struct ServeConfiguration: Sendable {
    /// Address and port to listen on; port 0 lets the kernel choose.
    package var listen = ListenAddress()
    /// DATA: everything that survives a restart.
    package var dataDirectory: String
    /// Lines below this level are not written.
    package var logLevel = Logger.Level.info
    /// Level of the one line per invocation.
    var accessLogLevel = Logger.Level.debug
    /// Containers of all functions at once; nil derives it from the host's memory.
    var sandboxesMax: Int?
    /// Bounds of what a client may send or hold.
    var limits = GatewayLimits()
    /// Further host names under which administrative paths are served; `*` for any.
    var adminHosts: [String] = []
    /// Certificates and keys; empty for HTTP without TLS.
    package var tls = TLSSettings()
    /// Networks of proxies in front, whose word about the client counts.
    var trustedProxies: [IPv4Network] = []
    /// Whether connections of these proxies begin with a header of the PROXY protocol.
    var proxyProtocol = false
    /// The authentication of /metrics.
    var metricsAuthentication = MetricsAuthentication.none
    /// Where /metrics is served instead of at `listen`; nil for there.
    package var metricsListen: ListenAddress?
    /// Where a collector takes spans by OTLP over HTTP; nil: calls are not traced.
    package var otlp: URL?
    /// Whether `faasctl run` may show folders of this host to containers.
    package var hostMounts = true
    /// What the writable layer of a container may take of the disk; nil for no limit.
    package var containerDisk: ByteCount?
    /// Whether the gateway may run as root where it cannot give up root.
    package var allowsRoot = false
    /// Whether an empty database is accepted beside images and secrets.
    package var acceptsNewDatabase = false
    /// How much disk images and build cache may take.
    var imageBudget = ImageBudget.standard
    /// Mirrors and plain-http registries.
    var registries = RegistryConfiguration()
    /// Networks that builds may reach besides the public internet.
    var buildAllow: [IPv4Network] = []
    /// Networks that callbacks of asynchronous calls may reach besides the public internet.
    var callbackAllow: [IPv4Network] = []
    /// Short names of images for `POST /v1/run`.
    var runImages = RunImages()
    /// Images of AWS Lambda's runtimes, for ZIP packages.
    var lambdaRuntimes = LambdaRuntimes()
    /// Longest wait for open connections after the running calls ended.
    var drainTimeout = TimeSpan.seconds(30)

    package init(dataDirectory: String) { self.dataDirectory = dataDirectory }

    /// Sets the disk space for images and build cache from text: a percentage or a size.
    ///
    /// - Throws: ``ModelError`` naming `field`.
    package mutating func setImageBudget(_ text: String, field: String) throws(ModelError) {
        imageBudget = try ImageBudget(text, field: field)
    }

    /// The part below the HTTP edge.
    func engine(logger: Logger) -> EngineConfiguration {
        var engine = EngineConfiguration(
            dataDirectory: dataDirectory,
            logger: logger,
            statusOf: StatusTable.status(of:)
        )
        engine.sandboxesMax = sandboxesMax
        engine.hostMounts = hostMounts
        engine.containerDisk = containerDisk
        engine.buildAllow = buildAllow
        engine.callbackAllow = callbackAllow
        engine.runImages = runImages
        engine.acceptsNewDatabase = acceptsNewDatabase
        return engine
    }

    /// The HTTP edge, without TLS.
    var gateway: GatewayConfiguration { gateway(tls: nil, challenges: nil) }

    /// The HTTP edge.
    ///
    /// - Parameters:
    ///   - tls: certificates; nil for HTTP.
    ///   - challenges: answers to an authority; nil where none is asked.
    /// - Returns: the edge's options.
    func gateway(tls: TLSServer?, challenges: ChallengeTable?) -> GatewayConfiguration {
        var gateway = GatewayConfiguration(dataDirectory: dataDirectory)
        gateway.host = listen.host
        gateway.port = listen.port
        gateway.tls = tls
        gateway.redirect = redirect(challenges)
        gateway.limits = limits
        gateway.adminHosts = adminHosts
        gateway.trustedProxies = trustedProxies
        gateway.proxyProtocol = proxyProtocol
        gateway.metrics = metricsListen.map { MetricsConfiguration(host: $0.host, port: $0.port) }
        gateway.metricsNeedCredentials = metricsAuthentication == .basic
        gateway.registries = registries
        gateway.lambdaRuntimes = lambdaRuntimes
        gateway.buildAllow = buildAllow
        gateway.accessLogLevel = accessLogLevel
        gateway.version = Product.version
        return gateway
    }

    /// The listener that redirects to HTTPS.
    private func redirect(_ challenges: ChallengeTable?) -> RedirectConfiguration? {
        guard let address = tls.redirect else { return nil }
        var redirect = RedirectConfiguration(host: address.host, port: address.port)
        // `*` opens the administrative paths under any name; a redirect to any name would lead clients to any host.
        redirect.hosts = adminHosts.filter { $0 != "*" } + tls.acme.domains
        redirect.challenges = challenges
        return redirect
    }

    /// A YAML scalar that is always read as text.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// The effective configuration in the file's own form, as `--check` prints it.
    package var text: String {
        """
        listen: \(Self.quoted("\(listen)"))
        data_dir: \(Self.quoted(dataDirectory))
        log_level: \(logLevel)
        access_log_level: \(accessLogLevel)
        sandboxes_max: \(sandboxesMax.map(String.init) ?? "null")
        drain_timeout: \(drainTimeout)
        image_budget: \(imageBudget)
        host_mounts: \(hostMounts)
        container_disk: \(containerDisk.map { "\($0)" } ?? "null")
        admin_hosts: [\(adminHosts.map(Self.quoted).joined(separator: ", "))]
        trusted_proxies: [\(trustedProxies.map { Self.quoted($0.text) }.joined(separator: ", "))]
        proxy_protocol: \(proxyProtocol)
        metrics_auth: \(metricsAuthentication.rawValue)
        metrics_listen: \(metricsListen.map { Self.quoted("\($0)") } ?? "null")
        otlp: \(otlp.map { Self.quoted($0.absoluteString) } ?? "null")
        build_allow: [\(buildAllow.map { Self.quoted($0.text) }.joined(separator: ", "))]
        callback_allow: [\(callbackAllow.map { Self.quoted($0.text) }.joined(separator: ", "))]
        allow_root: \(allowsRoot)
        \(Self.mapText("run_images", runImages.references))
        \(Self.mapText("lambda_runtimes", lambdaRuntimes.references))
        limits:
          connections: \(limits.connectionsMax)
          header_count: \(limits.headerCountMax)
          header_field: \(ByteCount(bytes: limits.headerFieldBytesMax))
          headers: \(ByteCount(bytes: limits.headerBytesMax))
          target: \(ByteCount(bytes: limits.targetBytesMax))
          idle_timeout: \(TimeSpan(limits.idleTimeout))
          head_timeout: \(TimeSpan(limits.headTimeout))
          body_timeout: \(TimeSpan(limits.bodyTimeout))
          upload: \(ByteCount(bytes: limits.uploadBytesMax))
          admin_body: \(ByteCount(bytes: limits.adminBodyBytesMax))
        \(tlsText)\(registriesText)
        """
    }

    private var tlsText: String {
        var lines = ["tls:", "  self_signed: \(tls.isSelfSigned)"]
        lines.append("  client_ca: \(tls.clientRoots.map(Self.quoted) ?? "null")")
        lines.append("  redirect: \(tls.redirect.map { Self.quoted("\($0)") } ?? "null")")
        lines.append("  certificates:" + (tls.pairs.isEmpty ? " []" : ""))
        for pair in tls.pairs {
            lines.append("    - {cert: \(Self.quoted(pair.certificate)), key: \(Self.quoted(pair.key))}")
        }
        lines += ["  acme:", "    url: \(Self.quoted(tls.acme.authority))"]
        lines.append("    domains: [\(tls.acme.domains.map(Self.quoted).joined(separator: ", "))]")
        lines.append("    email: \(tls.acme.email.isEmpty ? "null" : Self.quoted(tls.acme.email))")
        lines.append("    agree_terms: \(tls.acme.agreesToTerms)")
        lines.append("    ca: \(tls.acme.roots.map(Self.quoted) ?? "null")")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func mapText(_ key: String, _ references: [String: String]) -> String {
        guard !references.isEmpty else { return "\(key): {}" }
        let lines = references.sorted { $0.key < $1.key }.map { "  \(quoted($0.key)): \(quoted($0.value))" }
        return "\(key):\n" + lines.joined(separator: "\n")
    }

    private var registriesText: String {
        var lines = ["registries:", "  mirrors:" + (registries.mirrors.isEmpty ? " {}" : "")]
        for (registry, hosts) in registries.mirrors.sorted(by: { $0.key < $1.key }) {
            lines.append("    \(Self.quoted(registry)): [\(hosts.map(Self.quoted).joined(separator: ", "))]")
        }
        lines.append("  plain_http:" + (registries.plainHTTP.isEmpty ? " {}" : ""))
        for (registry, isPlain) in registries.plainHTTP.sorted(by: { $0.key < $1.key }) {
            lines.append("    \(Self.quoted(registry)): \(isPlain)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// What /metrics asks for.
enum MetricsAuthentication: String, CaseIterable {
    case none
    /// The administrator's credentials, or a token with the scope `read`.
    case basic
}

/// `HOST:PORT` with IPv6 addresses in brackets.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package var host = "127.0.0.1"
    package var port = 8080

    package init() {}

    /// Parses `HOST:PORT`, `[IPV6]:PORT`, `:PORT` (every address) or `PORT` (this machine only).
    ///
    /// - Throws: ``ModelError`` when the port is none.
    package init(_ text: String, field: String) throws(ModelError) {
        let failure = ModelError(
            field: field,
            value: text,
            expected: "an address such as 127.0.0.1:8080, [::1]:8080 or :8080"
        )
        let colon = text.lastIndex(of: ":")
        let portText = colon.map { String(text[text.index(after: $0)...]) } ?? text
        guard let port = Int(portText), (0...65535).contains(port) else { throw failure }
        self.port = port
        guard let colon else { return }
        var host = String(text[..<colon])
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), host.count > 2 else { throw failure }
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw failure
        }
        self.host = host.isEmpty ? "0.0.0.0" : host
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
