// SPDX-License-Identifier: Apache-2.0
// When to try again and after how long. Pure: the driver sleeps and provides the random numbers.

/// Counts the failures of one request or transfer.
struct RetryPlan: Sendable {
    /// How patient a plan is.
    struct Limits: Hashable, Sendable {
        /// Failures in a row before giving up: with the delays below about eight seconds of trouble.
        var attemptsMax = 5
        /// The same for a host that cannot be reached at all: a mistyped name has to fail soon.
        var unreachableAttemptsMax = 2
        /// Grows twofold with each failure.
        var delayFirst = Duration.milliseconds(250)
        var delayMax = Duration.seconds(8)
        /// A server that asks for a longer wait is given up: the caller decides whether to come back.
        var retryAfterMax = Duration.seconds(60)
        /// Breaks with progress in between: 100 of them carry any layer over a bad line, and end.
        var resumptionsMax = 100
    }

    enum Trouble: Hashable, Sendable {
        /// No connection was made.
        case unreachable
        /// The connection broke or fell silent.
        case broken
        case status(Int, retryAfter: Duration?)
    }

    enum Verdict: Hashable, Sendable {
        case wait(Duration)
        case giveUp
    }

    let limits: Limits
    private var failures = 0
    private var resumptions = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Statuses that may pass by themselves.
    static func isPassing(_ status: Int) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }

    /// Something went wrong.
    mutating func failed(_ trouble: Trouble, using random: inout some RandomNumberGenerator) -> Verdict {
        failures += 1
        var least = Duration.zero
        switch trouble {
        case .unreachable:
            guard failures < limits.unreachableAttemptsMax else { return .giveUp }
        case .broken:
            guard failures < limits.attemptsMax else { return .giveUp }
        case .status(let status, let retryAfter):
            guard Self.isPassing(status), failures < limits.attemptsMax else { return .giveUp }
            least = retryAfter ?? .zero
            guard least <= limits.retryAfterMax else { return .giveUp }
        }
        // Half fixed, half random: clients that broke together do not come back together.
        let doubled = limits.delayFirst * (1 << min(failures - 1, 20))
        let delay = min(doubled, limits.delayMax)
        let jittered = delay / 2 + delay / 2 * Double.random(in: 0..<1, using: &random)
        return .wait(max(jittered, least))
    }

    /// Bytes arrived since the last failure, so the next failure counts as a first one; bounded nevertheless.
    mutating func progressed() {
        guard failures > 0, resumptions < limits.resumptionsMax else { return }
        resumptions += 1
        failures = 0
    }
}
