// SPDX-License-Identifier: Apache-2.0
// Who is to be called after a while, when most need no call by then: decisions without IO. Reactor drives it.

/// Two generations of callers and one timer: nobody waits less than one period or more than two.
struct LateCalls<Source>: ~Copyable {
    private var young: [Source] = []
    private var old: [Source] = []
    private var isArmed = false

    /// Adds a caller; returns whether the timer is to be armed for one period.
    mutating func add(_ source: Source) -> Bool {
        young.append(source)
        defer { isArmed = true }
        return !isArmed
    }

    /// A period has passed: who is due, and whether the timer is to be armed again.
    mutating func rang() -> (due: [Source], goesOn: Bool) {
        let due = old
        old = young
        young = []
        isArmed = !old.isEmpty
        return (due, isArmed)
    }
}
