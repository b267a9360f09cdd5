// SPDX-License-Identifier: Apache-2.0
// How much memory request bodies may take until their signature is checked. FunctionHandler takes and returns it.

import Synchronization

/// A budget that all signed bodies share: they are held whole, and their senders are not known yet.
final class SignedBodies: Sendable {
    /// Sixteen bodies of the default limit at once; bodies up to 64 KiB are not counted.
    static let bytesMax = 256 << 20

    private let used = Mutex(0)

    /// What one request has taken; returned with the value's end.
    final class Share: Sendable {
        private let budget: SignedBodies
        private let bytes = Mutex(0)

        init(_ budget: SignedBodies) { self.budget = budget }

        deinit {
            let taken = bytes.withLock { $0 }
            budget.used.withLock { $0 -= taken }
        }

        /// Takes more; false when there is no room.
        func take(_ count: Int) -> Bool {
            let isTaken = budget.used.withLock { used in
                guard used + count <= SignedBodies.bytesMax else { return false }
                used += count
                return true
            }
            if isTaken { bytes.withLock { $0 += count } }
            return isTaken
        }
    }

    /// Bytes taken now.
    var bytesInUse: Int { used.withLock { $0 } }
}

/// There is no room for another unchecked body.
struct SignedBodiesFull: Error {}
