// SPDX-License-Identifier: Apache-2.0
// `faasctl login` and `faasctl logout`: credentials of registries, stored in Docker's own file on this machine.

import ArgumentParser
import ClientFiles
import Foundation
import GatewayAPI
import OCI

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in to a registry.",
        discussion: """
            The registry is asked by the gateway, or from here when there is none; what it takes is kept in \
            $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json or ~/.docker/config.json, or with the helper named there.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("User name at the registry.", valueName: "user"))
    var username: String?

    @Flag(help: "Read the password from standard input.")
    var passwordStdin = false

    @Argument(help: "The registry's host; default: docker.io.")
    var registry: String = RegistryName.hub

    func run() async throws {
        let registry = RegistryName.normalised(registry)
        let what = "cannot log in to '\(registry)'"
        let client = try global.client()
        let login = try PasswordPrompt.credential(user: username, isFromInput: passwordStdin, what)
        do {
            if try await !wasChecked(by: client, login, registry, what) {
                try await login.check(at: registry)
            }
            try await login.keep(for: registry)
        } catch let error as ClientFileError {
            throw CommandFailure(what, why: error.description)
        }
        global.remark("logged in to \(registry) as \(login.user)")
    }

    /// Lets the gateway check the login, since its configuration has the registry's address.
    ///
    /// False when no gateway listens, or when the traffic is not encrypted.
    private func wasChecked(
        by client: GatewayClient,
        _ login: RegistryLogin,
        _ registry: String,
        _ what: String
    ) async throws -> Bool {
        guard client.isPrivate, let field = try login.field(for: registry) else {
            return false
        }
        var request = GatewayRequest("POST", APIPath.registryLogins)
        request.query = [("registry", registry)]
        request.headers = [(field.name, field.value)]
        do throws(CommandFailure) {
            _ = try await client.require(request, what)
            return true
        } catch {
            guard error.isUnreachable else { throw error }
            return false
        }
    }
}

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Remove the credentials of a registry."
    )

    @Flag(name: .shortAndLong, help: "Suppress remarks.")
    var quiet = false

    @Argument(help: "The registry's host; default: docker.io.")
    var registry: String = RegistryName.hub

    func run() async throws {
        let registry = RegistryName.normalised(registry)
        do throws(ClientFileError) {
            try await RegistryLogin.remove(for: registry)
        } catch {
            throw CommandFailure("cannot log out of '\(registry)'", why: error.description)
        }
        if !quiet { Terminal.error.remark("logged out of \(registry)") }
    }
}

/// Names of registries as users write them.
enum RegistryName {
    /// Docker Hub.
    static let hub = ImageReference.defaultRegistry
    private static let hubNames: Set<String> = [
        "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com",
    ]

    /// The host in the form of references: no scheme, no path.
    static func normalised(_ text: String) -> String {
        var rest = Substring(text)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        let host = String(rest.prefix { $0 != "/" })
        return host.isEmpty || hubNames.contains(host) ? hub : host
    }
}
