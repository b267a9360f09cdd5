// SPDX-License-Identifier: Apache-2.0
// Bearer tokens in memory.

import Foundation
import FunctionModel

@testable import FunctionStore

extension MemoryStore: TokenRepository {
    func createToken(_ token: StoredToken, countMax: Int) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            guard tables.tokens.count < countMax else { return false }
            tables.tokens.append(token)
            return true
        }
    }

    func tokens() async throws(StoreError) -> [StoredToken] {
        try transaction { (tables) throws(StoreError) in
            tables.tokens.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    func removeToken(_ id: String) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            let before = tables.tokens.count
            tables.tokens.removeAll { $0.id == id }
            return tables.tokens.count < before
        }
    }

    func recordTokenUses(_ uses: [String: Date]) async throws(StoreError) {
        try transaction { (tables) throws(StoreError) in
            for index in tables.tokens.indices {
                guard let date = uses[tables.tokens[index].id] else { continue }
                tables.tokens[index].lastUsedAt = max(date, tables.tokens[index].lastUsedAt ?? date)
            }
        }
    }
}
