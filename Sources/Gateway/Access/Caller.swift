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
    /// Nil for all.
    private let namespaces: Set<String>?

    /// The administrator, with every right.
    init(administrator name: String) {
        self.name = name
        tokenID = nil
        scopes = TokenScope.admin.included
        functions = nil
        namespaces = nil
    }

    init(_ token: StoredToken) {
        name = token.name
        tokenID = token.id
        scopes = token.scopes.reduce(into: []) { $0.formUnion($1.included) }
        functions = token.functions
        namespaces = token.namespaces
    }

    /// The name that a function sees as its user.
    var user: String { name.isEmpty ? tokenID ?? "" : name }

    /// Whether it is limited to some functions or namespaces.
    var isLimited: Bool { functions != nil || namespaces != nil }
    /// Whether no function limits it: what a namespace's functions share is for it.
    var hasWholeNamespaces: Bool { functions == nil }

    func has(_ scope: TokenScope) -> Bool { scopes.contains(scope) }

    func mayUse(_ function: FunctionName) -> Bool {
        // Runs belong to no namespace, though their name has the form of a function's.
        if function == .runs, namespaces != nil { return false }
        return functions?.contains(function) ?? true && mayUse(namespace: function.namespace)
    }

    func mayUse(namespace: String) -> Bool {
        guard namespaces?.contains(namespace) ?? true else { return false }
        return functions?.contains { $0.namespace == namespace } ?? true
    }

    /// Insists on a namespace and all that its functions share.
    ///
    /// - Throws: ``Problem`` 403.
    func require(namespace: String) throws(Problem) {
        guard hasWholeNamespaces, mayUse(namespace: namespace) else {
            throw Problem(403, .forbidden, "this token is not for the namespace '\(namespace.prefix(64))'")
        }
    }

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
    /// the function has already. Containers belong to no namespace: a limited token may not add one to `uses`.
    ///
    /// - Parameters:
    ///   - deployment: what is to be deployed.
    ///   - current: the function's revision of now.
    /// - Throws: ``Problem`` 403.
    func require(_ deployment: Deployment, replacing current: Revision?) throws(Problem) {
        try require(deployment.name)
        let used = Set(current?.configuration.uses ?? [])
        if isLimited, let service = deployment.configuration.uses.first(where: { !used.contains($0) }) {
            throw Problem(
                403,
                .forbidden,
                "a limited token may not let '\(deployment.name)' use the container '\(service)'"
            )
        }
        // Who has the namespace has its secrets.
        guard !hasWholeNamespaces else { return }
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
