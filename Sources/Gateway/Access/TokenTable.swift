// SPDX-License-Identifier: Apache-2.0
// Tokens in memory by their hash: a value, without a clock. TokenBook holds one.

import FoundationEssentials
import FunctionModel
import FunctionStore

/// Known tokens, and their uses that are not stored yet.
struct TokenTable: Sendable {
    /// A SHA-256 hash as words: compared without a branch.
    private struct Hash: Hashable, Sendable {
        private let words: [UInt64]

        init(_ digest: Digest) {
            var words: [UInt64] = []
            var word: UInt64 = 0
            for (index, digit) in digest.hex.utf8.enumerated() {
                word = word << 4 | UInt64(digit > 57 ? digit - 87 : digit - 48)
                if index % 16 == 15 {
                    words.append(word)
                    word = 0
                }
            }
            self.words = words
        }

        /// The index in the table: a guess that shares it has found 64 bits of a hash, and still no token.
        var first: UInt64 { words[0] }

        /// In constant time.
        func equals(_ other: Hash) -> Bool {
            zip(words, other.words).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
        }
    }

    private struct Entry: Sendable {
        let hash: Hash
        let caller: Caller
        let id: String
        let expiresAt: Date?
    }

    private var entries: [UInt64: Entry] = [:]
    private var uses: [String: Date] = [:]

    /// Makes the tokens those given.
    mutating func replace(_ tokens: [StoredToken]) {
        entries = [:]
        for token in tokens { insert(token) }
    }

    mutating func insert(_ token: StoredToken) {
        let hash = Hash(token.hash)
        entries[hash.first] = Entry(
            hash: hash,
            caller: Caller(token),
            id: token.id,
            expiresAt: token.expiresAt
        )
    }

    mutating func remove(_ id: String) {
        entries = entries.filter { $0.value.id != id }
        uses[id] = nil
    }

    /// The caller that a token belongs to, and notes the use; nil when it is unknown or expired.
    mutating func caller(_ digest: Digest, at now: Date) -> Caller? {
        let hash = Hash(digest)
        guard let entry = entries[hash.first], entry.hash.equals(hash) else { return nil }
        if let end = entry.expiresAt, now >= end { return nil }
        uses[entry.id] = now
        return entry.caller
    }

    /// Uses since the last call; at most one per token.
    mutating func takeUses() -> [String: Date] {
        let taken = uses
        uses = [:]
        return taken
    }

    /// Takes uses back that could not be stored; later ones win.
    mutating func restoreUses(_ taken: [String: Date]) {
        uses.merge(taken) { newer, _ in newer }
    }
}
