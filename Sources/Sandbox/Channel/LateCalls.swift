// SPDX-License-Identifier: Apache-2.0
// Delayed calls, of which most are cancelled before they are due: decisions without IO. Reactor drives it.

/// Two generations of callers and one timer: every caller waits between one and two turns.
///
/// A turn is one period as long as there is a processor for each running caller, and longer in proportion when there
/// are more: then all of them take longer, and calling them early would only take time from them.
struct LateCalls<Source>: ~Copyable {
    private var young: [Source] = []
    private var old: [Source] = []
    private var isArmed = false
    private var running = 0
    private let processors: Int

    /// Begins without callers.
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

    /// One of the added callers has ended; it may still be called.
    mutating func ended() { running -= 1 }

    /// A turn has passed: the callers that are due, and the number of periods until the timer's next expiry.
    mutating func rang() -> (due: [Source], next: Int?) {
        let due = old
        old = young
        young = []
        isArmed = !old.isEmpty
        return (due, isArmed ? periods : nil)
    }
}
