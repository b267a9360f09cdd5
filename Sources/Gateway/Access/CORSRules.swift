// SPDX-License-Identifier: Apache-2.0
// Answers of functions to pages of other origins (WHATWG Fetch, section 3.2). Edge asks it per request.

import FunctionModel
import HTTPTypes
import Hummingbird

/// The origins of one function.
struct CORSRules: Hashable, Sendable {
    /// How long a browser may keep the answer to a preflight, in seconds; browsers have bounds of their own below.
    private static let ageSeconds = 600
    /// What a page may read of an answer besides the fields that every page may.
    private static let exposed = "X-Call-Id, X-Duration-Seconds, X-Exit-Code"

    private let origins: Set<String>
    private let allowsAll: Bool

    init(_ configuration: CORSConfiguration) {
        origins = Set(configuration.origins)
        allowsAll = origins.contains("*")
    }

    /// The method that a preflight asks for; nil when the request is none.
    static func preflightMethod(_ head: HTTPRequest) -> String? {
        guard head.method == .options, head.headerFields[.origin] != nil else { return nil }
        return head.headerFields[.accessControlRequestMethod]
    }

    /// The gateway's own answer to a preflight; the function is not called.
    func preflight(_ head: HTTPRequest, method: String) -> Response {
        var headers: HTTPFields = [
            .vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        ]
        if let origin = allowed(head) {
            headers[.accessControlAllowOrigin] = origin
            headers[.accessControlAllowMethods] = method
            if let fields = head.headerFields[.accessControlRequestHeaders] {
                headers[.accessControlAllowHeaders] = fields
            }
            headers[.accessControlMaxAge] = String(Self.ageSeconds)
        }
        return Response(status: .noContent, headers: headers)
    }

    /// Adds to an answer what lets a page of a permitted origin read it; what the function says itself is replaced.
    func apply(to fields: inout HTTPFields, _ head: HTTPRequest) {
        fields[.accessControlAllowOrigin] = allowed(head)
        fields[.accessControlAllowCredentials] = nil
        if fields[.accessControlAllowOrigin] != nil { fields[.accessControlExposeHeaders] = Self.exposed }
        guard !allowsAll else { return }
        // Caches must not hand one origin's answer to another.
        fields.append(HTTPField(name: .vary, value: "Origin"))
    }

    /// The value that permits a request's origin.
    private func allowed(_ head: HTTPRequest) -> String? {
        guard let origin = head.headerFields[.origin] else { return nil }
        if allowsAll { return "*" }
        return origins.contains(origin) ? origin : nil
    }
}
