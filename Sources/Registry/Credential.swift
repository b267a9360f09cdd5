// SPDX-License-Identifier: Apache-2.0
// A user's secret for one registry. No description of it ever shows the secret.

/// A proof of identity.
package struct Credential: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// What the secret is.
    package enum Kind: Hashable, Sendable {
        case password
        /// An OAuth2 refresh token, from a registry that does not want passwords kept.
        case identityToken
        /// A bearer token, sent as it is.
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

/// Where a client finds credentials.
package enum CredentialSource: Sendable {
    /// Docker's credential file and the helpers that it names.
    case file(DockerConfigFile.Locations)
    /// These, by registry name; for one command with credentials of its own.
    case fixed([String: Credential])
    /// Those that came with a request, in the form of Docker's credential file.
    case given(DockerConfig)
    case none
}
