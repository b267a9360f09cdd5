// SPDX-License-Identifier: Apache-2.0
// The aggregate "containers and named volumes", as its users see it. SQLiteStore implements it.

package import FunctionModel

/// Whether a name was free.
package enum NameClaim: Hashable, Sendable {
    case made
    /// A container has the name.
    case takenByContainer(id: String)
    /// A function has the name.
    case takenByFunction
    /// No container of the id exists.
    case unknown
    /// There are as many as there may be.
    case full
}

/// Containers by id and by name; they share one name space with functions.
///
/// Each method is one transaction. Creation and removal of containers that stay, and everything about volumes and networks, are
/// durable when they return; conditions survive the death of the process. Several processes may use one repository at
/// the same time. No method blocks the cooperative thread pool.
package protocol ContainerRepository: Sendable {
    /// Stores a new container under its name, unless that is a container's or a deployed function's.
    ///
    /// - Parameters:
    ///   - container: its id is random, and not stored yet.
    ///   - countMax: containers in all.
    /// - Returns: ``NameClaim/made``; nothing has changed with any other result.
    /// - Throws: ``StoreError``.
    func createContainer(_ container: StoredContainer, countMax: Int) async throws(StoreError) -> NameClaim

    /// All containers, oldest first.
    ///
    /// - Throws: ``StoreError``.
    func containers() async throws(StoreError) -> [StoredContainer]

    /// Stores where a container is; an unknown id is ignored, since its container was removed meanwhile.
    ///
    /// - Throws: ``StoreError``.
    func setCondition(_ condition: StoredContainer.Condition, of id: String) async throws(StoreError)

    /// Gives a container another name.
    ///
    /// - Returns: ``NameClaim/made``; nothing has changed with any other result.
    /// - Throws: ``StoreError``.
    func renameContainer(_ id: String, to name: String) async throws(StoreError) -> NameClaim

    /// Stores what a container's request says now; false when there is none of this id.
    ///
    /// Durable when it returns, as the creation of a network is.
    ///
    /// - Throws: ``StoreError``.
    func setRequest(_ request: ContainerRequest, of id: String) async throws(StoreError) -> Bool

    /// Removes a container; false when there is none of this id.
    ///
    /// - Throws: ``StoreError``.
    func removeContainer(_ id: String) async throws(StoreError) -> Bool

    /// Stores a new volume; false when there is one of its name already.
    ///
    /// - Throws: ``StoreError``.
    func createVolume(_ volume: StoredVolume) async throws(StoreError) -> Bool

    /// All volumes, by name.
    ///
    /// - Throws: ``StoreError``.
    func volumes() async throws(StoreError) -> [StoredVolume]

    /// Removes a volume; false when there is none of this name.
    ///
    /// - Throws: ``StoreError``.
    func removeVolume(_ name: String) async throws(StoreError) -> Bool

    /// Stores a new network; false when there is one of its name or number already.
    ///
    /// - Throws: ``StoreError``.
    func createNetwork(_ network: StoredNetwork) async throws(StoreError) -> Bool

    /// All networks, by name.
    ///
    /// - Throws: ``StoreError``.
    func networks() async throws(StoreError) -> [StoredNetwork]

    /// Removes a network; false when there is none of this name.
    ///
    /// - Throws: ``StoreError``.
    func removeNetwork(_ name: String) async throws(StoreError) -> Bool
}
