// SPDX-License-Identifier: Apache-2.0
// The properties of a function that the request path needs, looked up once per deploy. RouteTable makes and holds it.

import FunctionModel

/// A function as the HTTP edge sees it.
///
/// Immutable: a deploy makes a new one.
final class FunctionTarget: Sendable {
    let name: FunctionName
    /// `/function/NAME`.
    let functionPath: String
    /// The content type that the function declares; nil without one.
    let contentType: String?
    let bodyBytesMax: Int
    let streams: Bool
    let exposesErrors: Bool
    let authentication: FunctionAuthentication
    /// Nil without signatures.
    let signingSecret: SigningSecret?
    /// Nil without `cors`.
    let cors: CORSRules?
    /// Shared by all revisions with the same rate; nil without one.
    let rate: RateLimiter?
    /// Whether its server may change to another protocol.
    let takesUpgrades: Bool
    /// Shared by all revisions of the function.
    let metrics: FunctionMetrics

    init(_ revision: Revision, metrics: FunctionMetrics, rate: RateLimiter? = nil) {
        let configuration = revision.configuration
        name = revision.function
        functionPath = "/function/" + revision.function.text
        contentType = configuration.contentType
        bodyBytesMax = configuration.limits.body.bytes
        streams = configuration.stream
        exposesErrors = configuration.exposeErrors
        authentication = configuration.authentication
        signingSecret = configuration.authentication.secret.map { SigningSecret(name: $0) }
        cors = configuration.cors.map(CORSRules.init)
        self.rate = rate
        takesUpgrades = configuration.contract == .http
        self.metrics = metrics
    }
}

/// The destination of a request.
struct RouteMatch: Sendable {
    let function: FunctionTarget
    /// SCRIPT_NAME: the part of the path that chose the function.
    let scriptName: String
    /// The rest of the path, still percent-encoded; empty or starting with `/`.
    let rest: Substring
}

/// The result of looking up a path.
enum RouteLookup: Sendable {
    case found(RouteMatch)
    /// The path has routes, but not for this method; the permitted methods, comma-separated.
    case otherMethods(String)
    case none
}
