// SPDX-License-Identifier: Apache-2.0
// Decides what a redirect may do. The registry session drives it; nothing else follows a redirect.

import Foundation

/// One request's way through redirects.
///
/// Once it has left the origin it never carries credentials again.
struct RedirectPolicy: Sendable {
    /// As many as browsers and the distribution specification's clients follow.
    static let hopsMax = 10

    let start: Origin
    private(set) var carriesAuthorization = true
    private var hops = 0

    init(start: Origin) { self.start = start }

    enum Verdict: Hashable, Sendable {
        case follow(URL)
        case refuse(reason: String)
    }

    /// Says whether the status is a redirect that a GET or HEAD follows with the same method.
    static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// A redirect came for a request that was sent to `current`.
    mutating func redirected(from current: URL, location: String?) -> Verdict {
        hops += 1
        guard hops <= Self.hopsMax else { return .refuse(reason: "more than \(Self.hopsMax) redirects") }
        guard let location, let target = URL(string: location, relativeTo: current)?.absoluteURL,
            let origin = Origin(target)
        else { return .refuse(reason: "a redirect without a usable Location") }
        guard target.user == nil, target.password == nil else {
            return .refuse(reason: "a redirect to an address with a password in it")
        }
        guard start.isPlain || !origin.isPlain else {
            return .refuse(reason: "a redirect from https to plain http (\(origin.host))")
        }
        if origin != start { carriesAuthorization = false }
        return .follow(target)
    }
}

/// Decides which other addresses a registry may send us to.
enum AddressPolicy {
    /// Whether credentials for a registry may go to the token server that it names.
    ///
    /// Only over https; over plain http only when the registry itself is plain, and only to its own host or
    /// this machine.
    static func mayAuthenticate(at realm: URL, for registry: Origin) -> Bool {
        guard let origin = Origin(realm), realm.user == nil else { return false }
        guard origin.isPlain else { return true }
        guard registry.isPlain else { return false }
        return origin.host == registry.host || Origin.isLoopback(origin.host)
    }

    /// Whether a layer's own `urls` entry may be fetched, which is always done without credentials.
    ///
    /// The media type has to be one that is not in registries by its nature, and the scheme no weaker than
    /// the registry's.
    static func mayFetchForeign(_ url: URL, mediaType: String, registry: Origin) -> Bool {
        guard mediaType.contains("nondistributable") || mediaType.contains(".foreign.") else { return false }
        guard let origin = Origin(url), url.user == nil else { return false }
        return !origin.isPlain || registry.isPlain
    }

    /// The address that an upload's Location names, relative or absolute, its query kept.
    static func uploadAddress(_ location: String?, relativeTo current: URL) -> URL? {
        guard let location, let url = URL(string: location, relativeTo: current)?.absoluteURL,
            let origin = Origin(url), let start = Origin(current), url.user == nil
        else { return nil }
        return start.isPlain || !origin.isPlain ? url : nil
    }
}
