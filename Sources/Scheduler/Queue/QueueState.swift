// SPDX-License-Identifier: Apache-2.0
// How much of the queue runs at once and when to look for more, without clock or IO. ClaimLoop drives it.

import FunctionModel

/// What runs, which functions are full, and when the store is asked again.
struct QueueState: ~Copyable {
    typealias Instant = ContinuousClock.Instant

    private let runningMax: Int
    private var running: [FunctionName: Int] = [:]
    private var runningCount = 0
    /// Functions that refused a call for want of room, and when they are asked again.
    private var full: [FunctionName: Instant] = [:]
    /// Something has changed since the last look.
    private(set) var isWoken = true
    private(set) var isStopping = false
    private var nextDue: Instant?
    private var notBefore: Instant?

    /// - Parameter runningMax: calls of all functions at once.
    init(runningMax: Int) { self.runningMax = runningMax }

    enum Step: Hashable {
        case claim(countMax: Int)
        /// Nothing to do before this, or before something changes.
        case wait(until: Instant?)
        case stop
    }

    /// What to do now.
    mutating func next(now: Instant) -> Step {
        if isStopping { return .stop }
        let still = full.filter { $0.value > now }
        if still.count < full.count { isWoken = true }
        full = still
        if let notBefore, notBefore > now {
            isWoken = false
            nextDue = notBefore
            return .wait(until: notBefore)
        }
        let isDue = nextDue.map { $0 <= now } ?? false
        guard runningCount < runningMax else {
            isWoken = false
            return .wait(until: nil)
        }
        guard isWoken || isDue else {
            return .wait(until: [nextDue, full.values.min()].compactMap(\.self).min())
        }
        isWoken = false
        nextDue = nil
        return .claim(countMax: runningMax - runningCount)
    }

    /// How many more calls of a function may run.
    ///
    /// - Parameters:
    ///   - function: its name.
    ///   - max: of this function at once.
    /// - Returns: 0 while it is full.
    func room(_ function: FunctionName, max: Int) -> Int {
        full[function] == nil ? Swift.max(0, max - (running[function] ?? 0)) : 0
    }

    /// A call was accepted or became due.
    mutating func woken() { isWoken = true }

    /// The store gave calls.
    ///
    /// - Parameters:
    ///   - functions: one for each call.
    ///   - nextDue: when to ask again.
    mutating func claimed(_ functions: [FunctionName], nextDue: Instant?) {
        for function in functions { running[function, default: 0] += 1 }
        runningCount += functions.count
        self.nextDue = nextDue
        notBefore = nil
    }

    /// The store failed.
    mutating func claimFailed(retryAt: Instant) {
        notBefore = retryAt
    }

    /// A call has ended, and its end is stored.
    mutating func ended(_ function: FunctionName) {
        let left = (running[function] ?? 1) - 1
        running[function] = left > 0 ? left : nil
        runningCount -= 1
        isWoken = true
    }

    /// A function had no room for a call.
    mutating func refused(_ function: FunctionName, until: Instant) {
        full[function] = max(full[function] ?? until, until)
    }

    /// Nothing is started any more.
    mutating func stop() {
        isStopping = true
        isWoken = true
    }
}
