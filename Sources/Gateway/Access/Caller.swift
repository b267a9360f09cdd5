// SPDX-License-Identifier: Apache-2.0
// The authenticated sender of a request, and its rights. LoginGuard finds it; RouteRule and the handlers ask it.

import FunctionModel
import FunctionStore
import Scheduler

/// The administrator, or the holder of a token.
struct Caller: Hashable, Sendable {
    /// The administrator's user name, or the token's name.
    let name: String
    /// Nil for the administrator.
    let tokenID: String?
    private let scopes: Set<TokenScope>
    /// Nil for all.
    private let functions: Set<FunctionName>?

    /// The administrator, with every right.
    init(administrator name: String) {
        self.name = name
        tokenID = nil
        scopes = TokenScope.admin.included
        functions = nil
    }

    init(_ token: StoredToken) {
        name = token.name
        tokenID = token.id
        scopes = token.scopes.reduce(into: []) { $0.formUnion($1.included) }
        functions = token.functions
    }

    /// The name that a function sees as its user.
    var user: String { name.isEmpty ? tokenID ?? "" : name }

    /// Whether it is limited to some functions.
    var isLimited: Bool { functions != nil }

    func has(_ scope: TokenScope) -> Bool { scopes.contains(scope) }

    func mayUse(_ function: FunctionName) -> Bool { functions?.contains(function) ?? true }

    /// Insists on a scope.
    ///
    /// - Throws: ``Problem`` 403.
    func require(_ scope: TokenScope) throws(Problem) {
        guard has(scope) else {
            throw Problem(403, .forbidden, "this token does not have the scope '\(scope.rawValue)'")
        }
    }

    /// Insists on a function.
    ///
    /// - Throws: ``Problem`` 403.
    func require(_ function: FunctionName) throws(Problem) {
        guard mayUse(function) else {
            throw Problem(403, .forbidden, "this token is not for the function '\(function)'")
        }
    }

    /// Insists on the right to a deployment.
    ///
    /// A token that is limited to functions cannot reach further secrets by mounting them: it may deploy those that
    /// the function has already.
    ///
    /// - Parameters:
    ///   - deployment: what is to be deployed.
    ///   - current: the function's revision of now.
    /// - Throws: ``Problem`` 403.
    func require(_ deployment: Deployment, replacing current: Revision?) throws(Problem) {
        try require(deployment.name)
        guard isLimited else { return }
        let known = Set(current?.configuration.usedSecrets ?? [])
        guard let secret = deployment.configuration.usedSecrets.first(where: { !known.contains($0) }) else {
            return
        }
        throw Problem(
            403,
            .forbidden,
            "a token that is limited to functions may not add the secret '\(secret)' to '\(deployment.name)'"
        )
    }
}
