// SPDX-License-Identifier: Apache-2.0
// Certificates on the command line: those that are trusted, and the client's own.

import ArgumentParser
import Foundation

/// `--tls-ca`, `--client-cert`, `--client-key`.
struct TLSOptions: ParsableArguments {
    @Option(
        name: [.customLong("tls-ca"), .customLong("cacert")],
        help: ArgumentHelp(
            "Trust a gateway's certificate by these certificates (PEM) only. Default: $FAASCTL_TLS_CA, else the system's.",
            valueName: "file"
        )
    )
    var trustedRoots: String?

    @Option(
        name: .customLong("client-cert"),
        help: ArgumentHelp("Show a gateway that asks for one this certificate (PEM).", valueName: "file")
    )
    var certificate: String?

    @Option(
        name: .customLong("client-key"),
        help: ArgumentHelp("The key of --client-cert (PEM).", valueName: "file")
    )
    var key: String?

    func validate() throws {
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--client-cert and --client-key belong together")
        }
    }

    /// Refuses certificates for an address where they have no effect, and files that cannot be read.
    ///
    /// - Throws: ``CommandFailure``.
    func check(for address: String) throws(CommandFailure) {
        let given = [("--tls-ca", trustedRoots), ("--client-cert", certificate), ("--client-key", key)]
        for (option, path) in given {
            guard let path else { continue }
            guard address.hasPrefix("https:") else {
                throw CommandFailure(
                    "cannot use the gateway '\(address)' with \(option)",
                    why: "it is asked over http, without a certificate",
                    next: "write it as https://HOST:PORT, or leave out \(option)"
                )
            }
            // libcurl's own message names neither the file nor the reason.
            guard option == "--tls-ca" || access(path, R_OK) == 0 else {
                throw CommandFailure("cannot use '\(path)' of \(option)", why: systemMessage(errno))
            }
        }
    }
}

/// Addresses of gateways as people write them.
enum GatewayAddress {
    /// The address with a scheme and without a slash at its end.
    ///
    /// - Throws: ``CommandFailure`` when it is none.
    static func checked(_ text: String) throws(CommandFailure) -> String {
        var address = text
        if !address.contains("://") { address = "http://" + address }
        while address.hasSuffix("/") { address.removeLast() }
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme), url.host != nil else {
            throw CommandFailure(
                "cannot use the gateway '\(address)'",
                why: "it is not an http address",
                next: "write it as http://HOST:PORT"
            )
        }
        return address
    }
}
