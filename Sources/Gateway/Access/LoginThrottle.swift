// SPDX-License-Identifier: Apache-2.0
// How many wrong passwords an address may try, and how fast: decisions without a clock. LoginGuard drives it.

/// Wrong attempts by address.
///
/// The right password always passes at once while fewer than ``waitingMax`` wrong ones wait, so that
/// an administrator behind the same address as a guesser is not locked out.
struct LoginThrottle: Sendable {
    /// Attempts that are answered at once: typing errors.
    static let freeFailures = 5
    /// The delay of the answer to every further wrong attempt.
    static let delay = Duration.seconds(1)
    /// Attempts of one address that wait at once: with ``delay`` the rate of its guesses per second.
    static let waitingMax = 16
    /// Quiet time after which the count of an address starts again.
    static let memory = Duration.seconds(60)
    /// Addresses kept; all others share one entry.
    ///
    /// 1024 entries are about 100 KiB.
    static let addressesMax = 1024
    /// Between two lines in the log about one address.
    static let logInterval = Duration.seconds(10)

    private struct Entry: Sendable {
        var failures = 0
        var waiting = 0
        var last: ContinuousClock.Instant
        var logged: ContinuousClock.Instant?
    }

    private var entries: [String: Entry] = [:]

    /// The entry of addresses for which there is no room.
    private static let others = ""

    /// Whether credentials of this address may be checked now.
    func mayTry(_ address: String) -> Bool { (entries[key(address)]?.waiting ?? 0) < Self.waitingMax }

    /// What follows a wrong attempt.
    struct Failure: Hashable, Sendable {
        /// Whether the answer waits for ``delay``; ``waited(_:)`` must follow.
        var waits: Bool
        /// Wrong attempts so far, when they should be logged.
        var logs: Int?
    }

    /// A password was wrong.
    mutating func failed(_ address: String, at now: ContinuousClock.Instant) -> Failure {
        if entries.count >= Self.addressesMax { forget(at: now) }
        let key = key(address)
        var entry = entries[key] ?? Entry(last: now)
        if entry.waiting == 0, now - entry.last > Self.memory { entry = Entry(last: now) }
        entry.failures += 1
        entry.last = now
        let waits = entry.failures > Self.freeFailures
        if waits { entry.waiting += 1 }
        let logs = entry.logged.map { now - $0 >= Self.logInterval } ?? true
        if logs { entry.logged = now }
        entries[key] = entry
        return Failure(waits: waits, logs: logs ? entry.failures : nil)
    }

    /// The wait of one attempt is over.
    mutating func waited(_ address: String) {
        let place = entries[address] == nil ? Self.others : address
        entries[place]?.waiting -= 1
    }

    /// Addresses known, for tests.
    var count: Int { entries.count }

    private func key(_ address: String) -> String {
        entries[address] != nil || entries.count < Self.addressesMax ? address : Self.others
    }

    private mutating func forget(at now: ContinuousClock.Instant) {
        entries = entries.filter { $0.value.waiting > 0 || now - $0.value.last <= Self.memory }
    }
}
