// SPDX-License-Identifier: Apache-2.0
// A second implementation of the repositories, in memory: it shows that the contract suites hold without SQL.

import Foundation
import FunctionModel
import Synchronization

@testable import FunctionStore

/// All aggregates in arrays behind one lock, so that each method is one transaction.
///
/// It survives no restart; everything else is as the protocols say.
final class MemoryStore: Sendable {
    struct Function {
        var lastNumber = 0
        var current: Int?
        var revisions: [Revision] = []
        var changedIn: Int64 = 0
        var invocationCount = 0
        var aliases: [AliasName: FunctionAlias] = [:]
        var aliased: Set<Int> { Set(aliases.values.flatMap(\.targets).map(\.revision)) }
    }

    struct Tables {
        var functions: [FunctionName: Function] = [:]
        var version: Int64 = 0
        var references: [String: StoredReference] = [:]
        var schedules: [ScheduleKey: ScheduleState] = [:]
        var claims: [ScheduleClaim] = []
        var invocations: [Invocation] = []
        /// Each with its place in the order of commits.
        var lines: [(position: Int64, line: LogLine)] = []
        var lastLine: Int64 = 0
        var calls: [MemoryCall] = []
        var lastCall = 0
        var tokens: [StoredToken] = []
        var containers: [StoredContainer] = []
        var volumes: [StoredVolume] = []
        var networks: [StoredNetwork] = []
        var namespaces = MemoryStore.startingNamespaces
    }

    private let tables = Mutex(Tables())
    /// Contents of the queue that are files.
    let folder: String

    /// - Parameter folder: exists; gets the files of the queue.
    init(folder: String) { self.folder = folder }

    func transaction<Value>(_ body: (inout Tables) throws(StoreError) -> Value) throws(StoreError) -> Value {
        try tables.withLock { (tables) throws(StoreError) in
            // A copy, so that a refusal changes nothing.
            var changed = tables
            let value = Unchecked(value: try body(&changed))
            tables = changed
            return value
        }.value
    }

    /// The result of a transaction on its way out of the lock.
    // SAFETY: the repositories' methods return values, of which no part is shared with the tables.
    private struct Unchecked<Value>: @unchecked Sendable { let value: Value }
}
