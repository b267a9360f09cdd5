// SPDX-License-Identifier: Apache-2.0
// Decides which addresses a registry may name for tokens, layers and uploads. Pure; the registry session uses it.

import Foundation
import HTTPClient

/// Decides to which other addresses a registry may refer this client.
enum AddressPolicy {
    /// Whether credentials for a registry may go to the token server that it names.
    ///
    /// Only over https; over plain http only when the registry itself uses plain http, and only to its own host or
    /// this machine.
    static func mayAuthenticate(at realm: URL, for registry: Origin) -> Bool {
        guard let origin = Origin(realm), realm.user == nil else { return false }
        guard origin.isPlain else { return true }
        guard registry.isPlain else { return false }
        return origin.host == registry.host || Origin.isLoopback(origin.host)
    }

    /// Whether a layer's own `urls` entry may be fetched; such requests carry no credentials.
    ///
    /// The media type must be one that registries do not distribute, and the scheme no weaker than
    /// the registry's.
    static func mayFetchForeign(_ url: URL, mediaType: String, registry: Origin) -> Bool {
        guard mediaType.contains("nondistributable") || mediaType.contains(".foreign.") else { return false }
        guard let origin = Origin(url), url.user == nil else { return false }
        return !origin.isPlain || registry.isPlain
    }

    /// The URL in an upload's Location, relative or absolute, with its query.
    static func uploadAddress(_ location: String?, relativeTo current: URL) -> URL? {
        guard let location, let url = URL(string: location, relativeTo: current)?.absoluteURL,
            let origin = Origin(url), let start = Origin(current), url.user == nil
        else { return nil }
        return start.isPlain || !origin.isPlain ? url : nil
    }
}
