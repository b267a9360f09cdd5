// SPDX-License-Identifier: Apache-2.0
// User and password for the admin paths: from the environment, else from the data folder on this machine.

import Foundation

/// The value of an Authorization field (RFC 7617).
struct BasicCredentials: Hashable, Sendable, CustomStringConvertible {
    let user: String
    let password: String

    var authorization: String { "Basic " + Data("\(user):\(password)".utf8).base64EncodedString() }

    /// Without the password: descriptions may be logged.
    var description: String { "\(user):***" }

    /// User and password of the environment; nil without both.
    static func inEnvironment(_ environment: [String: String]) -> BasicCredentials? {
        guard let user = environment["FAASCTL_USER"], let password = environment["FAASCTL_PASSWORD"] else {
            return nil
        }
        return BasicCredentials(user: user, password: password)
    }

    /// Reads the environment, then the data folder.
    ///
    /// The data folder's password is sent to gateways on this machine only: another host that `--gateway` names
    /// must not get it.
    static func find(address: String, environment: [String: String]) -> BasicCredentials? {
        if let found = inEnvironment(environment) { return found }
        guard isLoopback(address) else { return nil }
        let folder = DataFolder.path(environment: environment) + "/secrets"
        // Unreadable files belong to another user's gateway: the request has no credentials, and the 401 has the
        // advice.
        guard let user = try? String(contentsOfFile: folder + "/basic-auth-user", encoding: .utf8),
            let password = try? String(contentsOfFile: folder + "/basic-auth-password", encoding: .utf8)
        else { return nil }
        return BasicCredentials(
            user: user.trimmingCharacters(in: .whitespacesAndNewlines),
            password: password.trimmingCharacters(in: .whitespacesAndNewlines)
        )
    }

    static func isLoopback(_ address: String) -> Bool {
        guard let host = URL(string: address)?.host else { return false }
        let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return bare == "localhost" || bare == "::1" || bare.hasPrefix("127.") && isNumeric(bare)
    }

    /// `127.example.com` is an ordinary name, not an address of this machine.
    private static func isNumeric(_ host: String) -> Bool {
        host.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    }
}

/// The default data folder of a gateway on this machine.
enum DataFolder {
    /// The folder without `--data-dir`.
    static func path(environment: [String: String]) -> String {
        if let given = environment["MAYFLY_DATA_DIR"], !given.isEmpty { return given }
        if geteuid() == 0 { return "/var/lib/mayfly" }
        if let state = environment["XDG_STATE_HOME"], !state.isEmpty { return state + "/mayfly" }
        return (environment["HOME"] ?? "/") + "/.local/state/mayfly"
    }
}
