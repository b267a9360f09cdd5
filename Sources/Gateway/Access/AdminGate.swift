// SPDX-License-Identifier: Apache-2.0
// Keeps browsers from using an administrator's cached credentials for a foreign site. OwnPaths puts it in front of
// every administrative path.

import HTTPTypes
import Hummingbird

/// Refuses what a page of another site made a browser send.
///
/// Other clients send neither Origin nor Sec-Fetch-Site, and are not affected.
struct AdminGate: RouterMiddleware {
    typealias Context = OwnContext

    let hosts: AdminHosts

    func handle(
        _ request: Request,
        context: OwnContext,
        next: @concurrent (Request, OwnContext) async throws -> Response
    ) async throws -> Response {
        if let problem = Self.refusal(of: request.head, hosts) { throw problem }
        return try await next(request, context)
    }

    /// What a form of any page can send without asking first (WHATWG Fetch, CORS-safelisted content types).
    private static let formTypes: Set<Substring> = ["text/plain", "multipart/form-data", encodedType]
    /// The default content type of curl and other clients; JSON sent by a form would be encoded, and thus not be
    /// JSON.
    private static let encodedType: Substring = "application/x-www-form-urlencoded"

    /// Why a request is refused; nil when it is not.
    static func refusal(of head: HTTPRequest, _ hosts: AdminHosts) -> Problem? {
        guard hosts.allows(head.authority) else {
            return Problem(
                403,
                .forbidden,
                "administrative paths are not served under this host name; "
                    + "name it in 'admin_hosts' of the gateway's configuration"
            )
        }
        let isSafe = head.method == .get || head.method == .head || head.method == .options
        if !isSafe, isForeign(head) {
            return Problem(403, .forbidden, "cross-site administrative requests are refused")
        }
        return typeRefusal(head)
    }

    /// Whether a browser says that another site made the request; Sec-Fetch-Site takes precedence over Origin,
    /// which a proxy may have a different view of.
    private static func isForeign(_ head: HTTPRequest) -> Bool {
        if let site = head.headerFields[.fetchSite] { return site != "same-origin" && site != "none" }
        guard let origin = head.headerFields[.origin] else { return false }
        guard let authority = head.authority else { return true }
        return origin != "http://" + authority && origin != "https://" + authority
    }

    private static func typeRefusal(_ head: HTTPRequest) -> Problem? {
        let fields = head.headerFields
        guard fields[.transferEncoding] != nil || fields[.contentLength].map({ $0 != "0" }) == true else {
            return nil
        }
        let isBrowser = fields[.origin] != nil || fields[.fetchSite] != nil
        let type = fields[.contentType]?.lowercased().prefix { $0 != ";" && $0 != " " }
        guard type.map({ formTypes.contains($0) && (isBrowser || $0 != encodedType) }) ?? isBrowser else {
            return nil
        }
        return Problem(
            415,
            .unsupportedType,
            "the body of an administrative request needs its Content-Type: application/json, "
                + "or that of the archive it is"
        )
    }
}
