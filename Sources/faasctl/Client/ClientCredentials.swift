// SPDX-License-Identifier: Apache-2.0
// What the command line signs in with: a token of the environment, else user and password.

import Foundation

/// Credentials for one gateway.
enum ClientCredentials: Hashable, Sendable, CustomStringConvertible {
    /// `$FAASCTL_TOKEN`: sent with calls of functions as well, from which the gateway hides it.
    case token(String)
    /// Sent with administrative requests only.
    case basic(BasicCredentials)

    /// The Authorization field.
    var authorization: String {
        switch self {
        case .token(let token): "Bearer " + token
        case .basic(let pair): pair.authorization
        }
    }

    /// Whether they go along with a request.
    func belong(to request: GatewayRequest) -> Bool {
        switch self {
        case .token: true
        case .basic: request.isAdministrative
        }
    }

    /// Never the secret: descriptions end up in logs.
    var description: String {
        switch self {
        case .token: "token ***"
        case .basic(let pair): pair.description
        }
    }

    /// A token, or user and password, in the environment; nil without.
    static func inEnvironment(_ environment: [String: String]) -> ClientCredentials? {
        if let token = environment["FAASCTL_TOKEN"]?.trimmingCharacters(in: .whitespacesAndNewlines),
            !token.isEmpty
        {
            return .token(token)
        }
        return BasicCredentials.inEnvironment(environment).map { .basic($0) }
    }

    /// Looks for a token in the environment, then for user and password as ``BasicCredentials`` does.
    static func find(address: String, environment: [String: String]) -> ClientCredentials? {
        if let found = inEnvironment(environment) { return found }
        return BasicCredentials.find(address: address, environment: environment).map { .basic($0) }
    }
}
