// SPDX-License-Identifier: Apache-2.0
// The memory for bodies that are collected before their calls are admitted. Dispatcher owns one.

import Synchronization

/// Bytes of all bodies that become events.
final class EventBudget: Sendable {
    /// Forty bodies of the greatest size: what one gateway can spare, whatever its callers send at once.
    static let bytesMax = 256 << 20

    private let taken = Mutex(0)

    /// Reserves memory.
    ///
    /// - Returns: false when there is none; nothing is reserved then.
    func take(_ bytes: Int) -> Bool {
        taken.withLock { taken in
            guard taken + bytes <= Self.bytesMax else { return false }
            taken += bytes
            return true
        }
    }

    /// Gives memory back.
    func giveBack(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}
