// SPDX-License-Identifier: Apache-2.0
// The aggregate "functions and their revisions", as its users see it. SQLiteStore implements it.

package import FoundationEssentials
package import FunctionModel

/// Functions and their revisions.
///
/// Each method is one transaction: its whole effect is durable when it returns, or none of it is. Several processes may
/// use one repository at the same time. No method blocks the cooperative thread pool.
package protocol FunctionRepository: Sendable {
    /// Makes the function's next revision and switches to it, atomically.
    ///
    /// - Parameters:
    ///   - function: its name; unknown ones are created.
    ///   - imageReference: the name the image was deployed by.
    ///   - imageDigest: the image's manifest.
    ///   - configuration: kept as it is.
    ///   - createdAt: the revision's time.
    ///   - version: the state of the catalogue that the caller has checked the deploy against; nil for any.
    /// - Returns: the new revision. Its number is one more than the highest ever given to this name.
    /// - Throws: ``StoreError/unknownNamespace(_:)``, ``StoreError/nameOfContainer(_:)``,
    ///   ``StoreError/catalogueChanged`` when any function has changed since `version`, whichever process changed it;
    ///   other ``StoreError``s. Nothing has changed then.
    func deploy(
        function: FunctionName,
        imageReference: String,
        imageDigest: Digest,
        configuration: FunctionConfiguration,
        createdAt: Date,
        unchangedSince version: CatalogueVersion?
    ) async throws(StoreError) -> Revision

    /// The functions that changed after a version, whichever process changed them, and the version of now.
    ///
    /// A deploy, a rollback and a removal raise the version in their own transaction. Versions become visible in order:
    /// nothing that is committed later has a version up to the one returned.
    /// - Parameter version: what an earlier answer held; ``CatalogueVersion/none`` gives every function.
    /// - Returns: the changed functions and the version they lead to, of one snapshot.
    /// - Throws: ``StoreError``.
    func changes(since version: CatalogueVersion) async throws(StoreError) -> CatalogueChanges

    /// All kept revisions of a function, newest first; empty for an unknown one.
    ///
    /// - Throws: ``StoreError``.
    func revisions(of function: FunctionName) async throws(StoreError) -> [Revision]

    /// Switches a function to one of its kept revisions (rollback).
    ///
    /// - Parameters:
    ///   - function: its name.
    ///   - number: of the revision.
    ///   - version: the state of the catalogue that the caller has checked the switch against; nil for any.
    /// - Returns: the revision that is current now.
    /// - Throws: ``StoreError/unknownFunction(_:)``, ``StoreError/unknownRevision(_:number:)``, or
    ///   ``StoreError/catalogueChanged`` when any function has changed since `version`.
    @discardableResult
    func setCurrent(
        _ function: FunctionName,
        number: Int,
        unchangedSince version: CatalogueVersion?
    ) async throws(StoreError) -> Revision

    /// Makes an alias lead to its revisions, instead of those that it had, atomically.
    ///
    /// - Parameters:
    ///   - alias: its revisions are kept from then on.
    ///   - function: its name.
    ///   - countMax: aliases of the function in all.
    /// - Throws: ``StoreError/unknownFunction(_:)``, ``StoreError/unknownRevision(_:number:)`` or
    ///   ``StoreError/tooManyAliases(_:max:)``.
    func setAlias(_ alias: FunctionAlias, of function: FunctionName, countMax: Int) async throws(StoreError)

    /// Removes an alias; its revisions are kept as long as others are.
    ///
    /// - Returns: false when there is none of this name.
    /// - Throws: ``StoreError``.
    func removeAlias(_ name: AliasName, of function: FunctionName) async throws(StoreError) -> Bool

    /// Removes a function with its revisions, aliases, schedules and claims, atomically; its history stays.
    ///
    /// - Returns: false when no such function was deployed.
    /// - Throws: ``StoreError``.
    func removeFunction(_ function: FunctionName) async throws(StoreError) -> Bool

    /// Drops all but the newest revisions of a function; the current one and those of aliases always stay.
    ///
    /// - Returns: digests of dropped revisions that no revision of any function uses any more, in the order of their text.
    /// - Throws: ``StoreError``.
    func pruneRevisions(of function: FunctionName, keeping count: Int) async throws(StoreError) -> [Digest]

    /// For every digest in use, the kept revisions that need it as `NAME revision N`, sorted, and the containers as
    /// `container NAME`.
    ///
    /// - Throws: ``StoreError``.
    func imageUsers() async throws(StoreError) -> [Digest: [String]]

    /// Digests of every kept revision: the images that garbage collection keeps.
    ///
    /// - Throws: ``StoreError``.
    func digestsInUse() async throws(StoreError) -> Set<Digest>
}
