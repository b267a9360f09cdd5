// SPDX-License-Identifier: Apache-2.0
// The options of all commands that send requests to a gateway.

import ArgumentParser
import Foundation
import HTTPClient

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

/// `--gateway`, `--tls-ca`, `--client-cert`, `--client-key`, `--output`, `--quiet`.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The gateway's address. Default: $FAASCTL_GATEWAY, $OPENFAAS_URL, the context's, else \(Self.defaultGateway).",
            valueName: "url"
        )
    )
    var gateway: String?

    @OptionGroup var tls: TLSOptions

    @Option(name: .shortAndLong, help: "Result as a table for people, or json or yaml for programs.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "Print results only, no remarks and no progress.")
    var quiet = false

    static let defaultGateway = "http://127.0.0.1:8080"

    /// The client for the chosen gateway.
    ///
    /// - Parameters:
    ///   - fallback: the address in a stack.yaml; what the user chose for all commands takes precedence.
    ///   - environment: variables that stand in for options.
    /// - Returns: a client with the credentials for the address.
    /// - Throws: ``CommandFailure`` when the address is no http address, a certificate is given for one without TLS, or
    ///   the contexts cannot be read.
    func client(
        fallback: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CommandFailure) -> GatewayClient {
        let fromEnvironment = [environment["FAASCTL_GATEWAY"], environment["OPENFAAS_URL"]].compactMap { $0 }
            .first { !$0.isEmpty }
        let chosen = gateway ?? fromEnvironment
        // Its secrets are for its own gateway only.
        let context = chosen == nil ? try ContextFile.read(environment: environment).used : nil
        let address = try GatewayAddress.checked(
            chosen ?? context?.gateway ?? fallback ?? Self.defaultGateway
        )
        // The variable may be set for other gateways, the options are meant for this one.
        try tls.check(for: address)
        let credentials =
            ClientCredentials.inEnvironment(environment) ?? context?.credentials
            ?? ClientCredentials.find(address: address, environment: environment)
        var client = GatewayClient(address: address, credentials: credentials)
        let fromVariable = environment["FAASCTL_TLS_CA"].flatMap { $0.isEmpty ? nil : $0 }
        client.trustedRoots = tls.trustedRoots ?? fromVariable ?? context?.roots
        if let certificate = tls.certificate ?? context?.certificate, let key = tls.key ?? context?.key {
            client.certificate = ClientCertificate(certificate: certificate, key: key)
        }
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
