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
}

/// The meaning of a function name at this moment.
enum FunctionLookup: Sendable {
    case live(LiveFunction)
    /// Deployed, but its image cannot be used any more; the text says why.
    case broken(Revision, reason: String)
    case unknown
}

/// Looks up the meaning of a function name.
///
/// Does not block.
protocol FunctionDirectory: Sendable {
    func lookup(_ name: FunctionName) -> FunctionLookup
}
