// SPDX-License-Identifier: Apache-2.0
// Whether the new slots of a pool copy a template, and when such a slot is replaced: decisions without IO. PoolState
// asks.

/// The templates of one revision's slots.
///
/// A template costs a start of the program and its memory as long as its slot lives, so it pays only for a function
/// that is called again and again. A program that cannot be copied is started in the ordinary way from then on.
struct TemplateChoice: Hashable, Sendable {
    typealias Instant = ContinuousClock.Instant

    /// So many calls within the time below make a template pay: the start of the template is one of them.
    static let callsToPay = 3
    /// A function that is called less often is served by one sandbox that waits.
    static let payWindow = Duration.seconds(10)
    /// A template is replaced after so many copies, after the time below, and after so many crashes in a row.
    ///
    /// Its copies have equal addresses, so that a crash of one tells something about the next.
    static let copiesMax = 1000
    static let ageMax = Duration.seconds(600)
    static let crashesMax = 3

    /// Signals by which a program ends through a fault of its own (signal(7)): SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
    /// SIGSEGV, SIGSYS.
    static let crashSignals: Set<Int32> = [4, 5, 6, 7, 8, 11, 31]

    /// Failures in a row of slots that copy; each one ends its slot.
    static let failuresMax = 3

    private struct Use: Hashable {
        var since: Instant?
        var copies = 0
        var crashes = 0
    }

    private let isConfigured: Bool
    /// Why the program cannot be copied; the revision remembers it.
    private(set) var refusal: String?
    /// Copies that were made for calls.
    private(set) var copies = 0
    /// Since the last copy that was made.
    private var failures = 0
    /// The last calls, oldest first.
    private var calls: [Instant] = []
    private var slots: [SlotNumber: Use] = [:]

    init(isConfigured: Bool) { self.isConfigured = isConfigured }

    /// A caller wants a sandbox.
    mutating func called(at now: Instant) {
        guard isConfigured, refusal == nil else { return }
        if calls.count == Self.callsToPay { calls.removeFirst() }
        calls.append(now)
    }

    /// The function is idle.
    mutating func idle() { calls.removeAll() }

    /// Whether a slot that is launched now gets a template.
    var isWanted: Bool {
        guard isConfigured, refusal == nil, calls.count == Self.callsToPay, let first = calls.first,
            let last = calls.last
        else { return false }
        return last - first <= Self.payWindow
    }

    /// Whether the slot has a template, or is to get one.
    func isCopying(_ slot: SlotNumber) -> Bool { slots[slot] != nil }

    /// Slots that have a template, or are to get one.
    var slotCount: Int { slots.count }

    /// A slot gets a template.
    mutating func launched(_ slot: SlotNumber) { slots[slot] = Use() }

    /// The slot has made a copy; the first one counts as the template's beginning.
    mutating func copied(_ slot: SlotNumber, at now: Instant) {
        guard let use = slots[slot] else { return }
        failures = 0
        if use.since == nil { slots[slot]?.since = now }
    }

    /// The slot's template could not be made or copied.
    ///
    /// - Parameters:
    ///   - reason: for operators.
    ///   - isFinal: whether the program itself is the reason, and not an accident of one slot.
    mutating func failed(_ reason: String, isFinal: Bool) {
        failures += 1
        if isFinal || failures >= Self.failuresMax { refusal = reason }
    }

    /// A copy has ended.
    ///
    /// - Parameters:
    ///   - slot: of the copy.
    ///   - hasCrashed: whether a signal of its own ended it.
    mutating func ended(_ slot: SlotNumber, hasCrashed: Bool) {
        guard var use = slots[slot] else { return }
        use.copies += 1
        use.crashes = hasCrashed ? use.crashes + 1 : 0
        slots[slot] = use
        copies += 1
    }

    /// Whether an idle slot is to be replaced: its template is used up, or it has none and should.
    func isDue(_ slot: SlotNumber, at now: Instant) -> Bool {
        guard let use = slots[slot] else { return isWanted }
        return use.copies >= Self.copiesMax || use.crashes >= Self.crashesMax
            || use.since.map { now - $0 >= Self.ageMax } ?? false
    }

    /// As operators see it.
    var status: TemplateStatus { TemplateStatus(slots: slots.count, copies: copies, refusal: refusal) }

    /// The slot is gone.
    mutating func forget(_ slot: SlotNumber) { slots[slot] = nil }

    /// All slots are gone.
    mutating func forgetAll() { slots.removeAll() }
}
