// SPDX-License-Identifier: Apache-2.0
// Images that were made for OpenFaaS: their CMD is a watchdog, which serves HTTP and starts the function's program.
// Mayfly is the watchdog itself, so the program is run directly. Pure; FunctionPreparer asks.

import FunctionModel

/// What an image whose command is `fwatchdog` is run as.
enum WatchdogImage: Hashable, Sendable {
    /// The program of `fprocess`, which is started for each request.
    case program([String])
    /// The program is an HTTP server on a port.
    case server([String], port: Int)

    /// Modes of of-watchdog that start the program for each request, with the body on its standard input.
    private static let programModes: Set<String> = ["streaming", "serializing"]

    /// Looks at an image's command.
    ///
    /// - Parameters:
    ///   - command: the image's own: ENTRYPOINT and CMD.
    ///   - environment: of image and function.
    ///   - configuration: the function's; its command stands for `fprocess`, as OpenFaaS's `envProcess` does.
    /// - Returns: nil for a command that is no watchdog's, and for a function that runs the watchdog itself as an
    ///   `http` server.
    /// - Throws: ``ModelError`` for a watchdog whose program or mode is not served.
    static func find(
        _ command: [String],
        _ environment: [String: String],
        _ configuration: FunctionConfiguration
    ) throws(ModelError) -> WatchdogImage? {
        guard isWatchdog(command) else { return nil }
        // of-watchdog knows both names.
        let named = words(environment["fprocess"] ?? environment["function_process"] ?? "")
        let program = configuration.command ?? named
        // The classic watchdog has no modes.
        let mode = environment["mode"] ?? "streaming"
        let isOther = configuration.command != nil && !named.isEmpty && program != named
        guard mode == "http", !isOther else {
            if configuration.contract == .http { return nil }
            guard isOther || programModes.contains(mode) else {
                let expected =
                    "http, streaming or serializing; contract: http runs the image's watchdog itself"
                throw ModelError(field: "environment.mode", value: mode, expected: expected)
            }
            return .program(try present(program))
        }
        let upstream = environment["upstream_url"] ?? environment["http_upstream_url"] ?? ""
        guard let port = port(of: upstream) else {
            let expected = "http://127.0.0.1:PORT, where the program serves"
            throw ModelError(field: "environment.upstream_url", value: upstream, expected: expected)
        }
        // The watchdog's own port.
        if configuration.contract == .http, let asked = configuration.port, asked != port { return nil }
        return .server(try present(program), port: port)
    }

    /// In both forms of a Dockerfile: a list, and the text that `/bin/sh -c` gets.
    private static func isWatchdog(_ command: [String]) -> Bool {
        let isShell = command.count == 3 && command[0] == "/bin/sh" && command[1] == "-c"
        guard isShell || command.count == 1, let last = command.last else { return false }
        return last.split(separator: "/").last == "fwatchdog" && !last.contains(" ")
    }

    /// The watchdogs split at single spaces, without quotes.
    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    private static func present(_ program: [String]) throws(ModelError) -> [String] {
        guard !program.isEmpty else {
            let expected = "the program that the image's fwatchdog starts"
            throw ModelError(field: "environment.fprocess", value: "", expected: expected)
        }
        return program
    }

    /// The port of `http://HOST[:PORT]` or `HOST:PORT` where the host is loopback's.
    private static func port(of address: String) -> Int? {
        let hasScheme = address.hasPrefix("http://")
        let rest = hasScheme ? address.dropFirst("http://".count) : Substring(address)
        let parts = rest.prefix { $0 != "/" }.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, ["127.0.0.1", "localhost"].contains(host), parts.count <= 2 else {
            return nil
        }
        guard parts.count == 2 else { return hasScheme ? 80 : nil }
        guard let port = Int(parts[1]), (1...65535).contains(port) else { return nil }
        return port
    }

    /// The command in place of the watchdog.
    var command: [String] {
        switch self {
        case .program(let command), .server(let command, _): command
        }
    }

    /// The configuration with the contract and port that the program needs.
    ///
    /// - Throws: ``ModelError`` when the function asks for a contract that the program cannot have.
    func applied(to configuration: FunctionConfiguration) throws(ModelError) -> FunctionConfiguration {
        var configuration = configuration
        switch self {
        case .program:
            guard [.stdio, .cgi].contains(configuration.contract) else {
                throw Self.mistake(
                    configuration,
                    "stdio: the image's watchdog starts its program for each request"
                )
            }
        case .server(_, let port):
            guard [.stdio, .http].contains(configuration.contract), !configuration.prestart else {
                throw Self.mistake(configuration, "http: the program behind the image's watchdog is a server")
            }
            configuration.contract = .http
            configuration.port = port
            // Taken from the variable of this name; a server sets its own.
            if configuration.contentType == configuration.environment["content_type"] {
                configuration.contentType = nil
            }
        }
        return configuration
    }

    private static func mistake(_ configuration: FunctionConfiguration, _ expected: String) -> ModelError {
        ModelError(field: "contract", value: configuration.contract.rawValue, expected: expected)
    }
}
