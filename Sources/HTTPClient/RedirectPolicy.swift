// SPDX-License-Identifier: Apache-2.0
// Decides what a redirect may do. The registry session drives it; nothing else follows a redirect.

package import Foundation

/// One request's way through redirects.
///
/// Once it has left the origin it never carries credentials again.
package struct RedirectPolicy: Sendable {
    /// As many as browsers and the distribution specification's clients follow.
    package static let hopsMax = 10

    let start: Origin
    package private(set) var carriesAuthorization = true
    private var hops = 0

    package init(start: Origin) { self.start = start }

    /// What to do with a redirect.
    package enum Verdict: Hashable, Sendable {
        case follow(URL)
        case refuse(reason: String)
    }

    /// Says whether the status is a redirect that a GET or HEAD follows with the same method.
    package static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// A redirect came for a request that was sent to `current`.
    package mutating func redirected(from current: URL, location: String?) -> Verdict {
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
