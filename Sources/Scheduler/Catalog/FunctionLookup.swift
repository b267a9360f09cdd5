// SPDX-License-Identifier: Apache-2.0
// Catalog's answer to Dispatcher about a function name, without blocking.

import Contracts
import FunctionModel

/// A function as the dispatcher needs it: what does not change between two deploys.
struct LiveFunction: Sendable {
    var revision: Revision
    var pool: PoolNumber
    var command: FunctionCommand
    var contract: ContractAdapter
    var limits: InvocationLimits
    /// The containers that it reaches.
    var services: [ServiceUse] { revision.configuration.services }
}

/// The meaning of a function name at this moment.
enum FunctionLookup: Sendable {
    case live(LiveFunction)
    /// Deployed, but its image cannot be used any more; the text says why.
    case broken(Revision, reason: String)
    case unknown
}

/// Looks up the meaning of a function name.
protocol FunctionDirectory: Sendable {
    /// The current revision.
    ///
    /// Does not block.
    func lookup(_ name: FunctionName) -> FunctionLookup

    /// One of its revisions: that of a number, or one of an alias's, each as often as its share says.
    ///
    /// Suspends for the preparation of a kept revision that has no pool.
    ///
    /// - Throws: ``InvocationRefusal/unknownVersion(_:_:)``, or ``InvocationRefusal/unavailable(reason:retryAfterSeconds:)``.
    func lookup(_ name: FunctionName, _ version: FunctionVersion) async throws(InvocationRefusal)
        -> FunctionLookup
}
