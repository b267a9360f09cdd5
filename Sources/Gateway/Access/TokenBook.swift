// SPDX-License-Identifier: Apache-2.0
// The tokens of the store, in memory for the request path. GatewayServer loads and stores; LoginGuard asks.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Logging
import Synchronization

/// Looks tokens up without IO, and writes their last use in batches.
final class TokenBook: Sendable {
    /// Tokens in all: about 5 MB of memory.
    static let countMax = 10_000
    /// Between two writes of last uses; a crash loses at most this much of them.
    static let storePause = Duration.seconds(10)

    private let store: any TokenRepository
    private let logger: Logger
    private let table = Mutex(TokenTable())

    init(store: any TokenRepository, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Reads all tokens; until then none is known.
    ///
    /// - Throws: ``StoreError``.
    func load() async throws(StoreError) {
        let tokens = try await store.tokens()
        table.withLock { $0.replace(tokens) }
    }

    /// The caller that a token belongs to; nil when it is unknown, expired or revoked.
    ///
    /// Does not block.
    func caller(_ token: String, at now: Date) -> Caller? {
        let hash = AccessToken.hash(token)
        return table.withLock { $0.caller(hash, at: now) }
    }

    /// The hash of the token with an id, and its caller; nil when it is unknown, expired or revoked.
    ///
    /// Does not block.
    func signer(_ id: String, at now: Date) -> (hash: Digest, caller: Caller)? {
        table.withLock { $0.signer(id, at: now) }
    }

    /// Notes that a signature with a token was valid.
    func used(_ id: String, at now: Date) { table.withLock { $0.used(id, at: now) } }

    /// Stores a new token; it is accepted from then on.
    ///
    /// - Returns: false when there are ``countMax`` already.
    /// - Throws: ``StoreError``.
    func create(_ token: StoredToken) async throws(StoreError) -> Bool {
        guard try await store.createToken(token, countMax: Self.countMax) else { return false }
        table.withLock { $0.insert(token) }
        return true
    }

    /// Revokes a token: no request that begins after the return is accepted with it by this gateway.
    ///
    /// Others on the same store learn of it when they load their tokens, at their next start.
    ///
    /// - Returns: false when there is none of this id.
    /// - Throws: ``StoreError``; it may be accepted again after a restart then.
    func revoke(_ id: String) async throws(StoreError) -> Bool {
        table.withLock { $0.remove(id) }
        return try await store.removeToken(id)
    }

    /// All tokens with their last uses.
    ///
    /// - Throws: ``StoreError``.
    func list() async throws(StoreError) -> [StoredToken] {
        await storeUses()
        return try await store.tokens()
    }

    /// Writes last uses until its task is cancelled.
    func keepStoring() async {
        while !Task.isCancelled {
            // A cancelled sleep is the end.
            _ = try? await Task.sleep(for: Self.storePause)
            await storeUses()
        }
    }

    private func storeUses() async {
        let uses = table.withLock { $0.takeUses() }
        guard !uses.isEmpty else { return }
        do throws(StoreError) {
            try await store.recordTokenUses(uses)
        } catch {
            table.withLock { $0.restoreUses(uses) }
            logger.warning("the last use of tokens is not stored", metadata: ["reason": "\(error)"])
        }
    }
}
