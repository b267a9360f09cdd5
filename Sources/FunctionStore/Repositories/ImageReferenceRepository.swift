// SPDX-License-Identifier: Apache-2.0
// The aggregate "image references", as its users see it. SQLiteStore implements it, Scheduler adapts it for
// ImageStore.

package import FoundationEssentials
package import FunctionModel

/// The digest that each image reference refers to.
///
/// Each method is one transaction, durable when it returns. Several processes may use one repository at the same
/// time; of two writes of one reference the later one stays. No method blocks the cooperative thread pool.
package protocol ImageReferenceRepository: Sendable {
    /// Makes a reference refer to a digest; replaces an earlier one.
    ///
    /// - Parameters:
    ///   - reference: the complete name.
    ///   - digest: of the image's manifest, or index.
    ///   - sizeBytes: manifest, configuration and layers together.
    ///   - createdAt: when the reference got this digest.
    /// - Throws: ``StoreError``.
    func setReference(
        _ reference: String,
        digest: Digest,
        sizeBytes: Int,
        createdAt: Date
    ) async throws(StoreError)

    /// The row of a reference; nil when it is unknown.
    ///
    /// - Throws: ``StoreError``.
    func reference(_ reference: String) async throws(StoreError) -> StoredReference?

    /// Removes a reference.
    ///
    /// - Returns: false when it was unknown.
    /// - Throws: ``StoreError``.
    @discardableResult
    func removeReference(_ reference: String) async throws(StoreError) -> Bool

    /// All references, sorted by name.
    ///
    /// - Throws: ``StoreError``.
    func references() async throws(StoreError) -> [StoredReference]
}
