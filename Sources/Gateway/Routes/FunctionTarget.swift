// SPDX-License-Identifier: Apache-2.0
// The properties of a function that the request path needs, looked up once per deploy. RouteTable makes and holds it.

import FunctionModel
import Scheduler

/// A function as the HTTP edge sees it.
///
/// Immutable: a deploy makes a new one.
final class FunctionTarget: Sendable {
    let name: FunctionName
    /// The number of the revision that it is of.
    let revision: Int
    /// `/function/NAME`.
    let functionPath: String
    /// The content type that the function declares; nil without one.
    let contentType: String?
    let bodyBytesMax: Int
    let streams: Bool
    let exposesErrors: Bool
    let authentication: FunctionAuthentication
    /// Whether credentials are the gateway's demand, of which the function must not learn.
    let hidesCredentials: Bool
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

    /// - Parameters:
    ///   - revision: the revision.
    ///   - metrics: of the function.
    ///   - rate: of this revision.
    ///   - authentication: instead of the revision's own.
    init(
        _ revision: Revision,
        metrics: FunctionMetrics,
        rate: RateLimiter? = nil,
        authentication: FunctionAuthentication? = nil
    ) {
        let configuration = revision.configuration
        hidesCredentials = authentication != nil
        let authentication = authentication ?? configuration.authentication
        self.revision = revision.number
        name = revision.function
        functionPath = "/function/" + revision.function.text
        contentType = configuration.contentType
        bodyBytesMax = configuration.limits.body.bytes
        streams = configuration.stream
        exposesErrors = configuration.exposeErrors
        self.authentication = authentication
        signingSecret = authentication.secret.map { SigningSecret(name: $0) }
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
    /// What the path says of the version; nil: the current revision.
    var version: FunctionVersion?
}

/// The result of looking up the name behind `/function/`.
enum FunctionMatch: Sendable {
    case found(RouteMatch)
    /// A revision that is not served now: only callers with the right to it may have it prepared.
    case unserved(FunctionName, Int)
    case refused(Problem)
    case none
}

/// What can be called of one function besides its current revision.
struct VersionTargets: Sendable {
    let function: FunctionName
    let current: FunctionTarget
    let aliases: [AliasName: FunctionAlias]
    let others: [Int: FunctionTarget]

    /// The target of a version.
    ///
    /// - Parameters:
    ///   - version: as the path says it.
    ///   - scriptName: the part of the path that says it.
    ///   - rest: the rest of the path.
    ///   - draw: random; chooses among an alias's revisions.
    /// - Returns: the target, or why there is none.
    func match(_ version: FunctionVersion, _ scriptName: String, _ rest: Substring, draw: () -> Int)
        -> FunctionMatch
    {
        let number: Int
        switch version {
        case .revision(let given): number = given
        case .alias(let name):
            guard let alias = aliases[name] else {
                return .refused(Problem(CatalogError.unknownAlias(function, name)))
            }
            number = alias.revision(at: draw())
        }
        guard let target = number == current.revision ? current : others[number] else {
            return .unserved(function, number)
        }
        return .found(RouteMatch(function: target, scriptName: scriptName, rest: rest, version: version))
    }
}

/// The result of looking up a path.
enum RouteLookup: Sendable {
    case found(RouteMatch)
    /// The path has routes, but not for this method; the permitted methods, comma-separated.
    case otherMethods(String)
    case none
}
