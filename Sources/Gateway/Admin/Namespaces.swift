// SPDX-License-Identifier: Apache-2.0
// Which namespace a request is about. The handlers of OpenFaaS's API ask it.

import FunctionModel
import FunctionStore

/// Looks up namespaces.
struct Namespaces: Sendable {
    let store: any NamespaceRepository

    /// The namespace of a name.
    ///
    /// - Parameter name: nil or empty: the default one.
    /// - Returns: its name; it exists.
    /// - Throws: ``Problem`` 400 when there is none of this name.
    func require(_ name: String?) async throws -> String {
        guard let name, !name.isEmpty, name != FunctionName.defaultNamespace else {
            return FunctionName.defaultNamespace
        }
        guard FunctionNamespace.isValid(name), try await store.namespace(name) != nil else {
            throw Problem(
                400,
                .unknownNamespace,
                "there is no namespace '\(name.prefix(64))'; create it first"
            )
        }
        return name
    }
}
