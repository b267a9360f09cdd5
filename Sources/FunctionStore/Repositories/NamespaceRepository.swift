// SPDX-License-Identifier: Apache-2.0
// The aggregate "namespaces", as its users see it. SQLiteStore implements it.

package import FunctionModel

/// What became of a new namespace.
package enum NamespaceCreation: Hashable, Sendable {
    case created
    case exists
    /// There are ``FunctionNamespace/countMax`` already.
    case full
}

/// What became of a namespace that was to be removed.
package enum NamespaceRemoval: Hashable, Sendable {
    case removed
    case unknown
    /// Functions that are deployed in it, by name.
    case inUse([FunctionName])
}

/// Namespaces of functions.
///
/// The default namespace exists always. Each method is one transaction, durable when it returns: no function is
/// deployed in a namespace that does not exist, and none that has functions is removed, whichever processes try. No
/// method blocks the cooperative thread pool.
package protocol NamespaceRepository: Sendable {
    /// All namespaces, the default one too, by name.
    ///
    /// - Throws: ``StoreError``.
    func namespaces() async throws(StoreError) -> [FunctionNamespace]

    /// One namespace; nil when there is none of this name.
    ///
    /// - Throws: ``StoreError``.
    func namespace(_ name: String) async throws(StoreError) -> FunctionNamespace?

    /// Makes a namespace.
    ///
    /// - Throws: ``StoreError``.
    func createNamespace(_ namespace: FunctionNamespace, countMax: Int) async throws(StoreError)
        -> NamespaceCreation

    /// Replaces labels and annotations; the time of creation stays.
    ///
    /// - Returns: false when there is none of this name.
    /// - Throws: ``StoreError``.
    func updateNamespace(_ namespace: FunctionNamespace) async throws(StoreError) -> Bool

    /// Removes a namespace without functions; the history of its former functions stays.
    ///
    /// - Throws: ``StoreError``.
    func removeNamespace(_ name: String) async throws(StoreError) -> NamespaceRemoval
}
