// SPDX-License-Identifier: Apache-2.0
// How long a pool waits after a failed set-up. Part of PoolState.

/// Consecutive failures to make a slot or sandbox, and until when no other attempt is made.
struct LaunchBackoff: Sendable {
    /// Wait after the first failure: long enough not to spin, short enough for a caller's retry.
    static let first = Duration.milliseconds(200)
    /// Longest wait: after an operator has repaired the host, functions start within this time.
    static let longest = Duration.seconds(30)
    /// After this many failures in a row nothing is tried for the warm minimum alone, only for callers.
    static let unattendedMax = 8

    /// Deaths in a row before they are attributed to the function and reported to callers.
    static let deathsTolerated = 3

    private(set) var failures = 0
    private(set) var failure: SlotFailure?
    /// No attempt before this; nil when attempts are allowed.
    private(set) var blockedUntil: ContinuousClock.Instant?

    var isBlocked: Bool { blockedUntil != nil }

    /// The reason for callers; nil while another attempt may well succeed.
    var verdict: String? {
        guard let failure, !failure.isDeath || failures > Self.deathsTolerated else { return nil }
        return failure.reason
    }

    /// Doubles the wait with every failure: 0.2 s, 0.4 s, … 30 s, each shortened by up to half at random.
    ///
    /// Attempts that were running when the first of them failed count as that one.
    mutating func failed(
        _ failure: SlotFailure,
        at now: ContinuousClock.Instant,
        using random: inout some RandomNumberGenerator
    ) {
        self.failure = failure
        guard !isBlocked else { return }
        failures += 1
        let doublings = min(failures - 1, 16)
        let full = min(Self.first * (1 << doublings), Self.longest)
        blockedUntil = now + full * Double.random(in: 0.5...1, using: &random)
    }

    mutating func succeeded() { self = LaunchBackoff() }

    /// Allows attempts again when the wait is over.
    mutating func timePassed(_ now: ContinuousClock.Instant) {
        if let until = blockedUntil, until <= now { blockedUntil = nil }
    }
}
