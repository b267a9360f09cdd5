// SPDX-License-Identifier: Apache-2.0
// Who is to be called after a while, when most need no call by then: decisions without IO. Reactor drives it.

/// Two generations of callers and one timer: nobody waits less than one turn or more than two.
///
/// A turn is one period as long as there is a processor for everyone who runs, and longer in proportion when there are
/// more: then all of them take longer, and calling them early would only take time from them.
struct LateCalls<Source>: ~Copyable {
    private var young: [Source] = []
    private var old: [Source] = []
    private var isArmed = false
    private var running = 0
    private let processors: Int

    /// Begins with nobody.
    ///
    /// - Parameter processors: how many callers can run at once; at least 1.
    init(processors: Int) { self.processors = max(1, processors) }

    private var periods: Int { max(1, (running + processors - 1) / processors) }

    /// Adds a caller, which runs from now on.
    ///
    /// - Returns: the number of periods after which the timer is to ring; nil when it is armed already.
    mutating func add(_ source: Source) -> Int? {
        young.append(source)
        running += 1
        defer { isArmed = true }
        return isArmed ? nil : periods
    }

    /// One of those who were added does not run any more; it may still be called.
    mutating func ended() { running -= 1 }

    /// A turn has passed: who is due, and after how many periods the timer is to ring again.
    mutating func rang() -> (due: [Source], next: Int?) {
        let due = old
        old = young
        young = []
        isArmed = !old.isEmpty
        return (due, isArmed ? periods : nil)
    }
}
