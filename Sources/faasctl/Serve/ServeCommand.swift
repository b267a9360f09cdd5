// SPDX-License-Identifier: Apache-2.0
// `faasctl serve`: makes the configuration of its options, then runs the gateway until a signal ends it.

import ArgumentParser
import Foundation
import FunctionModel
import Logging
import Server

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway.",
        discussion: """
            Values come from the defaults, then --config, then the flags. SIGTERM or SIGINT lets running calls finish; a \
            second one ends at once. SIGHUP does the same in a terminal without TLS; else it loads the certificates again.
            """
    )

    @Option(help: ArgumentHelp("Address to listen on; port 0 selects a free port.", valueName: "host:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "Folder for all persistent state. Default: $MAYFLY_DATA_DIR, else /var/lib/mayfly as root, else $XDG_STATE_HOME/mayfly.",
            valueName: "dir"
        )
    )
    var dataDir: String?

    @Option(help: ArgumentHelp("Configuration file (YAML or JSON).", valueName: "file"))
    var config: String?

    @Option(
        name: .customLong("tls-cert"),
        help: ArgumentHelp(
            "Serve HTTPS with this certificate chain (PEM), the server's own first. Repeat with --tls-key for more names.",
            valueName: "file"
        )
    )
    var certificates: [String] = []

    @Option(
        name: .customLong("tls-key"),
        help: ArgumentHelp(
            "The private key (PEM, without passphrase) of the --tls-cert in the same place.",
            valueName: "file"
        )
    )
    var keys: [String] = []

    @Flag(
        name: .customLong("tls-self-signed"),
        help: "Serve HTTPS with a certificate of the gateway's own, made in the data folder."
    )
    var isSelfSigned = false

    @Option(
        name: .customLong("tls-client-ca"),
        help: ArgumentHelp(
            "Serve only clients whose certificate one of these certificates (PEM) issued.",
            valueName: "file"
        )
    )
    var clientRoots: String?

    @Option(
        name: .customLong("tls-redirect"),
        help: ArgumentHelp(
            "Listen here without TLS as well, and redirect every request to HTTPS.",
            valueName: "host:port"
        )
    )
    var redirect: String?

    @Option(
        name: .customLong("metrics-listen"),
        help: ArgumentHelp(
            "Serve /metrics here, without TLS, and not at --listen.",
            valueName: "host:port"
        )
    )
    var metricsListen: String?

    @Option(
        name: .customLong("acme-domain"),
        help: ArgumentHelp(
            "Serve HTTPS with a certificate for this name that an ACME authority issues and renews. Repeatable.",
            valueName: "name"
        )
    )
    var domains: [String] = []

    @Option(
        name: .customLong("acme-url"),
        help: ArgumentHelp(
            "The authority's directory. Default: Let's Encrypt's.",
            valueName: "url"
        )
    )
    var authority: String?

    @Option(
        name: .customLong("acme-email"),
        help: ArgumentHelp("Where the authority may write to.", valueName: "address")
    )
    var email: String?

    @Flag(
        name: .customLong("acme-agree-terms"),
        help: "Agree to the authority's terms of service: it issues nothing otherwise."
    )
    var agreesToTerms = false

    @Option(
        name: .customLong("acme-ca"),
        help: ArgumentHelp(
            "Trust the authority's own server by these certificates (PEM) instead of the system's.",
            valueName: "file"
        )
    )
    var authorityRoots: String?

    @Option(
        help: ArgumentHelp(
            "Disk space for images and build cache: a percentage, or a size. Default: 80%.",
            valueName: "percent|size"
        )
    )
    var imageBudget: String?

    @Flag(
        help: "Refuse all volumes of faasctl run: containers mount no folder of this host."
    )
    var noHostMounts = false

    @Option(
        help: ArgumentHelp(
            "What a container's writable layer may take of the disk, unless it has a --disk; no limit without.",
            valueName: "size"
        )
    )
    var containerDisk: String?

    @Flag(
        help: """
            Start even where root cannot be given up: the gateway then parses requests and unpacks images with \
            all privileges.
            """
    )
    var allowRoot = false

    @Flag(
        help:
            "Begin with an empty database beside images and secrets: every function that was deployed is gone."
    )
    var newDatabase = false

    @Option(
        help: "trace, debug, info, notice, warning, error or critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                throw ValidationError("'\(text)' is not a log level")
            }
            return level
        }
    )
    var logLevel: Logger.Level?

    @Flag(help: "Print the effective configuration and exit.")
    var check = false

    func run() async throws { try await serve() }

    /// The entry point calls this instead of ``run()``, which the parser would call from another thread: root can be
    /// given up only while the process has one thread.
    func serve() async throws {
        let configuration = try effectiveConfiguration()
        if check {
            try Terminal.output.write(configuration.text.utf8)
            return
        }
        do throws(ServerError) {
            let process = try GatewayProcess(preparing: configuration)
            // Scripts wait for this line; without a reader the gateway continues.
            try await process.run { try? Terminal.output.line($0) }
        } catch {
            throw CommandFailure(error)
        }
    }

    private func effectiveConfiguration() throws -> ServeConfiguration {
        let environment = ProcessInfo.processInfo.environment
        var configuration = ServeConfiguration(dataDirectory: DataFolder.path(environment: environment))
        if let config {
            let text = try TextFile.read(config, for: "cannot use the configuration '\(config)'")
            try ServeConfigurationFile.apply(text, file: config, to: &configuration)
        }
        do {
            if let listen { configuration.listen = try ListenAddress(listen, field: "--listen") }
            if let redirect {
                configuration.tls.redirect = try ListenAddress(redirect, field: "--tls-redirect")
            }
            if let metricsListen {
                configuration.metricsListen = try ListenAddress(metricsListen, field: "--metrics-listen")
            }
            if let containerDisk {
                configuration.containerDisk = try ByteCount(containerDisk, field: "--container-disk")
            }
            if let imageBudget {
                try configuration.setImageBudget(imageBudget, field: "--image-budget")
            }
        } catch {
            throw ValidationError("\(error)")
        }
        try applyTLS(to: &configuration.tls)
        if let dataDir { configuration.dataDirectory = dataDir }
        if noHostMounts { configuration.hostMounts = false }
        if allowRoot { configuration.allowsRoot = true }
        configuration.acceptsNewDatabase = newDatabase
        if let logLevel { configuration.logLevel = logLevel }
        configuration.dataDirectory = URL(fileURLWithPath: configuration.dataDirectory).path
        return configuration
    }

    /// Certificates of the command line replace those of the file.
    private func applyTLS(to tls: inout TLSSettings) throws {
        guard certificates.count == keys.count else {
            throw ValidationError("--tls-cert and --tls-key belong together, in the same order")
        }
        if isSelfSigned || !certificates.isEmpty {
            tls.isSelfSigned = isSelfSigned
            tls.pairs = zip(certificates, keys).map { .init(certificate: $0, key: $1) }
        }
        if let clientRoots { tls.clientRoots = clientRoots }
        tls.applyACME(
            domains: domains,
            authority: authority,
            email: email,
            agreesToTerms: agreesToTerms,
            roots: authorityRoots
        )
        if let mistake = tls.mistake { throw ValidationError(mistake) }
        // The gateway may open them again after its folder has changed.
        tls.pairs = tls.pairs.map { pair in
            .init(
                certificate: URL(fileURLWithPath: pair.certificate).path,
                key: URL(fileURLWithPath: pair.key).path
            )
        }
        tls.clientRoots = tls.clientRoots.map { URL(fileURLWithPath: $0).path }
    }
}

extension CommandFailure {
    /// Converts a failure of Server.
    init(_ error: ServerError) { self.init(error.what, why: error.why, next: error.next) }
}
