// SPDX-License-Identifier: Apache-2.0
// The options of all commands that send requests to a gateway.

import ArgumentParser
import Foundation

/// The form of results.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, yaml

    /// Writes a result.
    ///
    /// - Parameters:
    ///   - json: the result as JSON.
    ///   - table: the result as a table.
    /// - Throws: ``CommandFailure`` when it cannot be written.
    func emit(json: Data, table: () throws(CommandFailure) -> String) throws(CommandFailure) {
        switch self {
        case .table: try Terminal.output.write(try table().utf8)
        case .json:
            try Terminal.output.write(json)
            if json.last != UInt8(ascii: "\n") { try Terminal.output.line("") }
        case .yaml: try Terminal.output.write(YAMLOutput.text(ofJSON: json).utf8)
        }
    }
}

/// `--gateway`, `--tls-ca`, `--output`, `--quiet`.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The gateway's address. Default: $FAASCTL_GATEWAY, $OPENFAAS_URL, else \(Self.defaultGateway).",
            valueName: "url"
        )
    )
    var gateway: String?

    @Option(
        name: .customLong("tls-ca"),
        help: ArgumentHelp(
            "Trust a gateway's certificate by these certificates (PEM) only. Default: $FAASCTL_TLS_CA, else the system's.",
            valueName: "file"
        )
    )
    var trustedRoots: String?

    @Option(name: .shortAndLong, help: "Result as a table for people, or json or yaml for programs.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "Print results only, no remarks and no progress.")
    var quiet = false

    static let defaultGateway = "http://127.0.0.1:8080"

    /// The client for the chosen gateway.
    ///
    /// - Parameters:
    ///   - fallback: the address in a stack.yaml; the command line and the environment take precedence.
    ///   - environment: variables that stand in for options.
    /// - Returns: a client with the credentials for the address.
    /// - Throws: ``CommandFailure`` when the address is no http address, or `--tls-ca` is given for one without TLS.
    func client(
        fallback: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CommandFailure) -> GatewayClient {
        let fromEnvironment = [environment["FAASCTL_GATEWAY"], environment["OPENFAAS_URL"]].compactMap { $0 }
            .first { !$0.isEmpty }
        var address = gateway ?? fromEnvironment ?? fallback ?? Self.defaultGateway
        if !address.contains("://") { address = "http://" + address }
        while address.hasSuffix("/") { address.removeLast() }
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme), url.host != nil else {
            throw CommandFailure(
                "cannot use the gateway '\(address)'",
                why: "it is not an http address",
                next: "write it as http://HOST:PORT"
            )
        }
        // The variable may be set for other gateways, the option is meant for this one.
        guard trustedRoots == nil || url.scheme == "https" else {
            throw CommandFailure(
                "cannot use the gateway '\(address)' with --tls-ca",
                why: "it is asked over http, without a certificate",
                next: "write it as https://HOST:PORT, or leave out --tls-ca"
            )
        }
        let credentials = ClientCredentials.find(address: address, environment: environment)
        var client = GatewayClient(address: address, credentials: credentials)
        client.trustedRoots = trustedRoots ?? environment["FAASCTL_TLS_CA"].flatMap { $0.isEmpty ? nil : $0 }
        return client
    }

    /// Writes a remark unless `--quiet` is set.
    func remark(_ text: String) {
        if !quiet { Terminal.error.remark(text) }
    }

    /// Writes a result in the chosen form.
    ///
    /// - Parameters:
    ///   - json: the gateway's own JSON.
    ///   - table: the result as a table.
    /// - Throws: ``CommandFailure`` when it cannot be written.
    func emit(json: Data, table: () throws(CommandFailure) -> String) throws(CommandFailure) {
        try output.emit(json: json, table: table)
    }
}
