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
        let digest: Digest
        let caller: Caller
        let id: String
        let expiresAt: Date?
    }

    private var entries: [UInt64: Entry] = [:]
    /// The places of ``entries`` by the id of their token, for those who sign with it.
    private var places: [String: UInt64] = [:]
    private var uses: [String: Date] = [:]

    /// Makes the tokens those given.
    mutating func replace(_ tokens: [StoredToken]) {
        entries = [:]
        places = [:]
        for token in tokens { insert(token) }
    }

    mutating func insert(_ token: StoredToken) {
        let hash = Hash(token.hash)
        entries[hash.first] = Entry(
            hash: hash,
            digest: token.hash,
            caller: Caller(token),
            id: token.id,
            expiresAt: token.expiresAt
        )
        places[token.id] = hash.first
    }

    mutating func remove(_ id: String) {
        entries = entries.filter { $0.value.id != id }
        places[id] = nil
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

    /// The hash of a token that its holder signs with, and the caller; nil when it is unknown or expired.
    ///
    /// The use is noted with ``used(_:at:)``, once the signature is checked.
    func signer(_ id: String, at now: Date) -> (hash: Digest, caller: Caller)? {
        guard let entry = places[id].flatMap({ entries[$0] }), entry.id == id else { return nil }
        if let end = entry.expiresAt, now >= end { return nil }
        return (entry.digest, entry.caller)
    }

    /// Notes a use.
    mutating func used(_ id: String, at now: Date) { if places[id] != nil { uses[id] = now } }

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
