// SPDX-License-Identifier: Apache-2.0
// Authorization headers by scopes, until they expire. The registry client holds one.

import HTTPClient

/// The value of an Authorization header.
///
/// Its description does not show the value.
struct Authorization: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    let headerValue: String

    var description: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }

    static func bearer(_ token: String) -> Authorization { Authorization(headerValue: "Bearer " + token) }
    static func basic(_ pair: String) -> Authorization { Authorization(headerValue: "Basic " + pair) }
}

/// Authorizations by registry and scope.
struct TokenCache: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Entries kept; the one that expires first is removed.
    ///
    /// A pull needs one, so this is enough for hundreds of repositories.
    static let entriesMax = 256
    /// The lifetime when a token server states none (distribution's token specification: 60 seconds).
    static let lifetimeDefault = Duration.seconds(60)
    /// Seconds before its end in which a token is not used: a request takes time to arrive.
    static let margin = Duration.seconds(5)
    /// Longest use of a token, so that a revoked one is noticed within an hour.
    static let lifetimeMax = Duration.seconds(3600)

    private struct Entry {
        var origin: Origin
        /// Nil for Basic, which is valid for the whole registry.
        var scopes: Set<AccessScope>?
        var authorization: Authorization
        var expires: Instant
    }
    private var entries: [Entry] = []

    var count: Int { entries.count }

    /// An unexpired authorization that covers all of the scopes.
    mutating func authorization(
        for origin: Origin,
        scopes: Set<AccessScope>,
        at now: Instant
    ) -> Authorization? {
        entries.removeAll { $0.expires <= now }
        return entries.first { entry in
            guard entry.origin == origin else { return false }
            guard let held = entry.scopes else { return true }
            return scopes.allSatisfy { wanted in held.contains { $0.covers(wanted) } }
        }?.authorization
    }

    /// Stores an authorization for its scopes; nil means the whole registry.
    ///
    /// The lifetime is the server's; nil when it stated none.
    mutating func keep(
        _ authorization: Authorization,
        for origin: Origin,
        scopes: Set<AccessScope>?,
        lifetime: Duration?,
        at now: Instant
    ) {
        forget(origin, scopes: scopes)
        let stated = min(lifetime ?? Self.lifetimeDefault, Self.lifetimeMax)
        let expires = now.advanced(by: stated - Self.margin)
        guard expires > now else { return }
        if entries.count >= Self.entriesMax,
            let first = entries.indices.min(by: { entries[$0].expires < entries[$1].expires })
        {
            entries.remove(at: first)
        }
        entries.append(Entry(origin: origin, scopes: scopes, authorization: authorization, expires: expires))
    }

    /// Removes an authorization that a registry has refused.
    mutating func forget(_ origin: Origin, authorization: Authorization) {
        entries.removeAll { $0.origin == origin && $0.authorization == authorization }
    }

    private mutating func forget(_ origin: Origin, scopes: Set<AccessScope>?) {
        entries.removeAll { $0.origin == origin && $0.scopes == scopes }
    }
}
