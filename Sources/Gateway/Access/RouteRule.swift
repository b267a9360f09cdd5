// SPDX-License-Identifier: Apache-2.0
// Whether a caller may use one of the gateway's own routes. RouteRules has one per route and method; OwnPaths' routes
// check it before their handler runs.

import FunctionModel
import HTTPTypes
import Hummingbird

/// What a route asks of its caller.
struct RouteRule: Hashable, Sendable {
    /// Where the function of a request is named: what a token that is limited to functions may reach.
    enum Subject: Hashable, Sendable {
        /// The route is about no function's data.
        case nothing
        /// It is about all functions, or about what they share: not for limited tokens.
        case everything
        /// The path's `:name`.
        case path
        /// A parameter of the query, which a limited token must give.
        case query(String)
        /// The same, or `namespace` alone: the handler then leaves out what is in other namespaces.
        case queryOrNamespace(String)
        /// One namespace, which the handler reads and checks: not for tokens that are limited to functions.
        case namespace
        /// The body, or all functions: the handler itself leaves out or refuses what the caller may not use.
        case handler
    }

    /// Nil: the route needs no credentials.
    var scope: TokenScope?
    var subject: Subject
    /// Whether a configuration may serve it without credentials.
    var mayBeOpen = false

    /// Checks the caller.
    ///
    /// - Throws: ``Problem`` 403; 400 when the function's name is none.
    func check(_ context: OwnContext) throws {
        guard let scope else { return }
        guard let caller = context.caller else {
            if mayBeOpen { return }
            throw Problem.unauthorized
        }
        try caller.require(scope)
        guard caller.isLimited else { return }
        switch subject {
        case .nothing, .handler: return
        case .everything:
            throw Problem(403, .forbidden, "this token is limited, and the path is not")
        case .namespace:
            guard caller.hasWholeNamespaces else {
                throw Problem(403, .forbidden, "this token is limited to functions, and the path is not")
            }
        case .path: try caller.require(try context.pathFunction())
        case .queryOrNamespace(let parameter) where context.query(parameter)?.isEmpty ?? true:
            guard let namespace = context.query("namespace"), !namespace.isEmpty else {
                throw Problem(
                    403,
                    .forbidden,
                    "this token is limited: name a function or a namespace in the query"
                )
            }
            try caller.require(namespace: namespace)
        case .query(let parameter), .queryOrNamespace(let parameter):
            guard let text = context.query(parameter), !text.isEmpty else {
                throw Problem(
                    403,
                    .forbidden,
                    "this token is limited: name a function in the query, '\(parameter)=NAME'"
                )
            }
            try caller.require(try context.function(text))
        }
    }
}
