// SPDX-License-Identifier: Apache-2.0
// Deadlines for answers of a slot process: decisions without IO. Slot drives it, HelperWatch asks.

/// The outstanding answers of one slot.
///
/// A process that is stopped, or that the kernel holds, answers nothing, and its socket stays open. Times are those
/// of CLOCK_MONOTONIC, in nanoseconds.
struct AnswerWatch: Hashable, Sendable {
    /// Longest wait for a slot or a sandbox; each takes some milliseconds, on a machine without memory a second.
    static let order: Int64 = 10_000_000_000
    /// Longest wait for the end of a sandbox that was killed: the kernel ends it within milliseconds.
    static let ending: Int64 = 1_000_000_000
    /// Longest wait for the end of a slot that was given up, before it is killed.
    static let leaving: Int64 = 2_000_000_000
    /// From here on the helper above is asked whether it is still there.
    static let doubt: Int64 = 2_000_000_000

    private var orderedAt: Int64?
    private var askedAt: Int64?
    private var killedAt: Int64?
    private var leftAt: Int64?
    private var isExpelled = false
    private var isFrozen = false

    /// A slot or a sandbox was ordered.
    mutating func ordered(at now: Int64) { orderedAt = now }

    /// What was ordered is there, or will not be.
    mutating func answered() { orderedAt = nil }

    /// Sockets were asked for; the first time counts.
    mutating func asked(at now: Int64) { askedAt = askedAt ?? now }

    /// One of them was answered: the others have the whole time again.
    ///
    /// A slot that is asked without a pause, by clients of a published port for example, answers all the time and
    /// still never has answered all.
    ///
    /// - Parameters:
    ///   - isOwing: whether others are not answered yet.
    ///   - now: CLOCK_MONOTONIC.
    mutating func askedAnswered(isOwing: Bool, at now: Int64) { askedAt = isOwing ? now : nil }

    /// Its processes were stopped where they are, or go on: what it was asked for meanwhile waits for that.
    mutating func frozen(_ isFrozen: Bool, at now: Int64) {
        self.isFrozen = isFrozen
        if askedAt != nil { askedAt = now }
    }

    /// Its sandbox was killed; the first time counts.
    mutating func killed(at now: Int64) { killedAt = killedAt ?? now }

    /// Its sandbox has ended.
    mutating func ended() { killedAt = nil }

    /// The gateway gave the slot up; the spawner has yet to reap its process.
    mutating func left(at now: Int64) {
        (orderedAt, askedAt, killedAt) = (nil, nil, nil)
        leftAt = leftAt ?? now
    }

    enum Verdict: Hashable, Sendable {
        case responsive
        /// The answer takes longer than it should: the helper above may know why.
        case doubtful
        /// It does not answer: to be given up and killed.
        case silent
        /// It was given up and is still there: to be killed, once.
        case lingering
    }

    mutating func verdict(at now: Int64) -> Verdict {
        if let leftAt {
            guard now - leftAt > Self.leaving else { return .responsive }
            if isExpelled { return .doubtful }
            isExpelled = true
            return .lingering
        }
        if let killedAt, now - killedAt > Self.ending { return .silent }
        let owed = [orderedAt, isFrozen ? nil : askedAt].compactMap(\.self).min()
        guard let orderedAt = owed else { return .responsive }
        if now - orderedAt > Self.order { return .silent }
        return now - orderedAt > Self.doubt ? .doubtful : .responsive
    }
}

/// Whether the spawner still serves: asked only while something of it is overdue.
struct HelperPulse: Hashable, Sendable {
    /// Longest wait for its answer.
    ///
    /// It may be waiting for a slot's network itself, for five seconds each.
    static let patience: Int64 = 15_000_000_000
    /// Longest wait for each further step of its end.
    static let step: Int64 = 5_000_000_000

    private enum Phase: Hashable {
        case quiet
        case asked(since: Int64)
        /// The supervisor was asked to end it.
        case ending(since: Int64)
        /// The supervisor was killed.
        case forced(since: Int64)
        case givenUp
    }

    private var phase = Phase.quiet

    enum Action: Hashable, Sendable {
        case none
        case ask
        /// Have the supervisor end it.
        case end
        /// Kill the supervisor, and the spawner with it.
        case force
        /// Neither helped: all slots of the spawner are lost.
        case abandon
    }

    /// It answered.
    mutating func answered() {
        if case .asked = phase { phase = .quiet }
    }

    /// Time passed.
    ///
    /// - Parameters:
    ///   - now: CLOCK_MONOTONIC.
    ///   - isDoubtful: whether something is overdue.
    /// - Returns: what is to be done.
    mutating func passed(at now: Int64, isDoubtful: Bool) -> Action {
        switch phase {
        case .quiet:
            guard isDoubtful else { return .none }
            phase = .asked(since: now)
            return .ask
        case .asked(let since):
            guard now - since > Self.patience else { return .none }
            phase = .ending(since: now)
            return .end
        case .ending(let since):
            guard now - since > Self.step else { return .none }
            phase = .forced(since: now)
            return .force
        case .forced(let since):
            guard now - since > Self.step else { return .none }
            phase = .givenUp
            return .abandon
        case .givenUp: return .none
        }
    }
}
