// SPDX-License-Identifier: Apache-2.0
// How many connections the ports and links of all containers have together: decisions without IO. ConnectionBudget
// drives it.

/// The places for connections of one gateway.
struct ConnectionBudgetState: Hashable {
    /// One of so many parts of the descriptors that the gateway may have is for ports and links; the others are for
    /// clients of functions, sandboxes and files.
    static let descriptorsPart = 2
    /// Of each connection: its two sides.
    static let descriptorsEach = 2

    /// All of them.
    let placesMax: Int
    private(set) var takenCount = 0

    /// - Parameter descriptorsMax: that the gateway may have open at once.
    init(descriptorsMax: Int) {
        placesMax = max(1, descriptorsMax / Self.descriptorsPart / Self.descriptorsEach)
    }

    /// Takes a place.
    ///
    /// A holder gets another one while it has fewer than are free: one alone ends at half of all places, two at a third
    /// each, and there is always a place left for a holder that has none.
    ///
    /// - Parameter own: places that the holder has.
    /// - Returns: false when it gets none.
    mutating func take(holding own: Int) -> Bool {
        guard own < placesMax - takenCount else { return false }
        takenCount += 1
        return true
    }

    /// Gives places back.
    mutating func free(_ count: Int) { takenCount -= count }
}
