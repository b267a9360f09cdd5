// SPDX-License-Identifier: Apache-2.0
// Decides whether a request is repeated, and after which delay. Pure: the driver sleeps and provides random numbers.

/// Counts the failures of one request or transfer.
struct RetryPlan: Sendable {
    /// The bounds of a plan.
    struct Limits: Hashable, Sendable {
        /// Failures in a row before giving up: with the delays below about eight seconds of trouble.
        var attemptsMax = 5
        /// The same for a host that cannot be reached at all: a mistyped name should fail soon.
        var unreachableAttemptsMax = 2
        /// The first delay; each failure doubles it.
        var delayFirst = Duration.milliseconds(250)
        var delayMax = Duration.seconds(8)
        /// When a server asks for a longer wait, the request fails: the caller decides whether to repeat it.
        var retryAfterMax = Duration.seconds(60)
        /// Broken connections with progress in between: enough for a large layer over an unreliable line.
        var resumptionsMax = 100
    }

    enum Trouble: Hashable, Sendable {
        /// No connection was made.
        case unreachable
        /// The connection broke or timed out.
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

    /// Statuses that may be temporary.
    static func isPassing(_ status: Int) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }

    /// A request failed.
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
        // Half fixed, half random: clients that failed together do not retry together.
        let doubled = limits.delayFirst * (1 << min(failures - 1, 20))
        let delay = min(doubled, limits.delayMax)
        let jittered = delay / 2 + delay / 2 * Double.random(in: 0..<1, using: &random)
        return .wait(max(jittered, least))
    }

    /// Bytes arrived since the last failure, so the next failure counts as the first; bounded by the number of breaks.
    mutating func progressed() {
        guard failures > 0, resumptions < limits.resumptionsMax else { return }
        resumptions += 1
        failures = 0
    }
}
