// SPDX-License-Identifier: Apache-2.0
// The memory for bodies that are held whole before their calls are admitted. Dispatcher has one for events, and the
// edge one for signed bodies.

import Synchronization

/// Bytes that many requests share.
package final class ByteBudget: Sendable {
    /// Sixteen bodies of the default limit at once: what one gateway can spare, whatever its callers send.
    package static let bytesMax = 256 << 20

    private let taken = Mutex(0)

    package init() {}

    /// What one request has taken; given back with the value's end.
    package final class Share: Sendable {
        private let budget: ByteBudget
        private let bytes = Mutex(0)

        package init(_ budget: ByteBudget) { self.budget = budget }

        deinit {
            let own = bytes.withLock { $0 }
            budget.taken.withLock { $0 -= own }
        }

        /// Takes more.
        ///
        /// - Returns: false when there is no room; nothing is taken then.
        package func take(_ count: Int) -> Bool {
            let isTaken = budget.taken.withLock { taken in
                guard taken + count <= ByteBudget.bytesMax else { return false }
                taken += count
                return true
            }
            if isTaken { bytes.withLock { $0 += count } }
            return isTaken
        }
    }
}
