// SPDX-License-Identifier: Apache-2.0
// The aggregate "bearer tokens", as its users see it. SQLiteStore implements it.

package import FoundationEssentials

/// Bearer tokens by hash.
///
/// Each method is one transaction. Creation and removal are durable when they return; uses survive the death of the
/// process. Several processes may use one repository at the same time. No method blocks the cooperative thread pool.
package protocol TokenRepository: Sendable {
    /// Stores a new token.
    ///
    /// - Parameters:
    ///   - token: its id and its hash are random, and not stored yet.
    ///   - countMax: tokens in all.
    /// - Returns: false when there are `countMax` already; nothing has changed then.
    /// - Throws: ``StoreError``.
    func createToken(_ token: StoredToken, countMax: Int) async throws(StoreError) -> Bool

    /// All tokens, expired ones too, oldest first.
    ///
    /// - Throws: ``StoreError``.
    func tokens() async throws(StoreError) -> [StoredToken]

    /// Removes a token (revocation).
    ///
    /// - Returns: false when there is none of this id.
    /// - Throws: ``StoreError``.
    func removeToken(_ id: String) async throws(StoreError) -> Bool

    /// Notes when tokens were last used; a later time that is stored already stays, and unknown ids are ignored.
    ///
    /// - Throws: ``StoreError``.
    func recordTokenUses(_ uses: [String: Date]) async throws(StoreError)
}
