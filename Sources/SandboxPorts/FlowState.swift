// SPDX-License-Identifier: Apache-2.0
// Which datagrams belong together, and for how long: decisions without IO. DatagramRelay drives it.

/// The flows of one published UDP port: one for each address that sends to it.
///
/// `Key` is the sender's address; times are nanoseconds of one clock.
struct FlowState<Key: Hashable> {
    /// Each costs two descriptors; a sender with forged addresses reaches the bound and no further.
    static var flowsMax: Int { 256 }
    /// After so long without a datagram in either direction a flow ends, as with Docker's proxy (90 s) or earlier.
    static var idleNanoseconds: Int64 { 60_000_000_000 }
    /// Datagrams held while the connection inside is made; further ones are lost, as datagrams may be.
    static var heldMax: Int { 16 }

    private struct Flow {
        /// Distinguishes it from earlier flows of its sender, whose ends may be reported late.
        let number: UInt64
        var usedAt: Int64
        /// Datagrams held; nil once the connection is there.
        var held: Int?
    }

    private var flows: [Key: Flow] = [:]
    private var lastNumber: UInt64 = 0

    /// Whether there are none: then nothing has to look for idle ones.
    var isEmpty: Bool { flows.isEmpty }

    enum Arrival: Hashable {
        /// Make the connection of the flow with this number, and hold the datagram meanwhile.
        case open(number: UInt64)
        case hold
        case pass
        case drop
    }

    /// A datagram came from a sender.
    mutating func arrived(from key: Key, at now: Int64) -> Arrival {
        guard var flow = flows[key] else {
            guard flows.count < Self.flowsMax else { return .drop }
            lastNumber += 1
            flows[key] = Flow(number: lastNumber, usedAt: now, held: 1)
            return .open(number: lastNumber)
        }
        flow.usedAt = now
        defer { flows[key] = flow }
        guard let held = flow.held else { return .pass }
        guard held < Self.heldMax else { return .drop }
        flow.held = held + 1
        return .hold
    }

    /// The connection is there.
    ///
    /// - Returns: false when the flow has ended meanwhile.
    mutating func opened(_ key: Key, _ number: UInt64) -> Bool {
        guard flows[key]?.number == number else { return false }
        flows[key]?.held = nil
        return true
    }

    /// A datagram came from inside.
    mutating func answered(_ key: Key, _ number: UInt64, at now: Int64) {
        if flows[key]?.number == number { flows[key]?.usedAt = now }
    }

    /// The connection failed or ended.
    ///
    /// - Returns: false when its flow had ended before.
    mutating func ended(_ key: Key, _ number: UInt64) -> Bool {
        guard flows[key]?.number == number else { return false }
        flows[key] = nil
        return true
    }

    /// Time passed.
    ///
    /// - Returns: the flows that end now.
    mutating func passed(to now: Int64) -> [Key] {
        let idle = flows.filter { now - $0.value.usedAt >= Self.idleNanoseconds }.map(\.key)
        for key in idle { flows[key] = nil }
        return idle
    }
}
