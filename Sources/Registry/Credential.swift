// SPDX-License-Identifier: Apache-2.0
// A user's secret for one registry. Its description does not show the secret.

/// A secret that authenticates a user.
package struct Credential: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The form of the secret.
    package enum Kind: Hashable, Sendable {
        case password
        /// An OAuth2 refresh token, which some registries return instead of accepting stored passwords.
        case identityToken
        /// A bearer token, sent unchanged.
        case registryToken
    }

    package var user: String
    package var kind: Kind
    let secret: String

    package init(user: String, secret: String, kind: Kind = .password) {
        self.user = user
        self.secret = secret
        self.kind = kind
    }

    package var description: String { "\(user):***" }
    package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

/// A client's source of credentials.
package enum CredentialSource: Sendable {
    /// Docker's credential file and the helpers that it names.
    case file(DockerConfigFile.Locations)
    /// Credentials by registry name, for one command.
    case fixed([String: Credential])
    /// Credentials of a request, in the form of Docker's credential file.
    case given(DockerConfig)
    case none
}
