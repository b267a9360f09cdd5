// SPDX-License-Identifier: Apache-2.0
// Which pools and images are kept between runs: decisions without IO. RunPools drives it.

/// Values that several runs of the same kind use, kept for a while after the last one.
///
/// A run of a kind that is kept finds its image looked up and a warm sandbox; nothing of another run is in either.
struct RunPoolsState<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Kept without a run for so long, as an idle slot of a function is.
    static var idleAfter: Duration { .seconds(60) }
    /// Kinds at once: more have no warm sandbox anyhow, on the machines that this is for.
    static var countMax: Int { 64 }

    private struct Entry {
        var value: Value
        var users = 0
        var lastUse: Instant
    }

    private var entries: [Key: Entry] = [:]
    private var runCount = 0
    private let runsMax: Int

    /// - Parameter runsMax: runs of all kinds at once.
    init(runsMax: Int) { self.runsMax = runsMax }

    /// Whether one more run may begin.
    var hasRoomForRun: Bool { runCount < runsMax }

    var count: Int { entries.count }

    /// A run begins.
    ///
    /// - Returns: its value, which is kept until ``ended(_:at:)``; nil when there is none.
    mutating func began(_ key: Key, at now: Instant) -> Value? {
        guard let index = entries.index(forKey: key) else { return nil }
        entries.values[index].users += 1
        runCount += 1
        entries.values[index].lastUse = now
        return entries.values[index].value
    }

    /// Replaces the value of a kind that is kept.
    mutating func renewed(_ key: Key, _ value: Value) { entries[key]?.value = value }

    enum Room {
        /// Add it, and drop these.
        case make(dropped: [Value])
        /// Every kept one is in use.
        case full
    }

    /// Makes room for one more, by dropping the one that was used least recently of those without a run.
    mutating func roomWanted() -> Room {
        guard entries.count >= Self.countMax else { return .make(dropped: []) }
        let idle = entries.filter { $0.value.users == 0 }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return .full }
        entries[oldest.key] = nil
        return .make(dropped: [oldest.value.value])
    }

    /// Adds the value of a kind that has none, for a run that begins with it.
    mutating func added(_ key: Key, _ value: Value, at now: Instant) {
        entries[key] = Entry(value: value, users: 1, lastUse: now)
        runCount += 1
    }

    /// A run has ended.
    mutating func ended(_ key: Key, at now: Instant) {
        guard let index = entries.index(forKey: key) else { return }
        entries.values[index].users -= 1
        runCount -= 1
        entries.values[index].lastUse = now
    }

    /// Time has passed.
    ///
    /// - Returns: what is dropped, and when to ask again; nil without anything that could be.
    mutating func timePassed(at now: Instant) -> (dropped: [Value], next: Instant?) {
        let old = entries.filter { $0.value.users == 0 && $0.value.lastUse + Self.idleAfter <= now }
        for key in old.keys { entries[key] = nil }
        return (old.values.map(\.value), entries.values.map { $0.lastUse + Self.idleAfter }.min())
    }
}
