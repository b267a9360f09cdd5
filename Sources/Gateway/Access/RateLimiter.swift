// SPDX-License-Identifier: Apache-2.0
// The buckets of every function with a rate, across deploys. FunctionHandler asks before it leases a container.

import FunctionModel
import Synchronization

/// The buckets of one function.
final class RateLimiter: Sendable {
    let configuration: RateConfiguration
    private let state: Mutex<RateState>

    init(_ configuration: RateConfiguration) {
        self.configuration = configuration
        state = Mutex(RateState(configuration))
    }

    /// Takes one call.
    ///
    /// - Parameters:
    ///   - address: of the client.
    ///   - now: the time.
    /// - Returns: nil when it may go on; else the time to wait.
    func take(_ address: String, at now: ContinuousClock.Instant) -> Duration? {
        let client = configuration.per == .client ? Self.client(address) : "*"
        return state.withLock { $0.take(client, at: now) }
    }

    /// What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, in which one host may have as
    /// many addresses as it likes.
    static func client(_ address: String) -> String {
        guard let bytes = AddressText.bytes(address) else { return address }
        // A proxy's field may have the mapped form as well.
        return AddressText.mapped(bytes)
            ?? bytes[..<8].map { String($0, radix: 16) }.joined(separator: ":")
    }
}

/// Keeps the buckets of functions whose rate does not change with a deploy.
final class RateRegistry: Sendable {
    /// Revisions of one function that are served at the same time may have different rates.
    private struct Key: Hashable {
        var function: FunctionName
        var rate: RateConfiguration

        init?(_ revision: Revision) {
            guard let rate = revision.configuration.rate else { return nil }
            function = revision.function
            self.rate = rate
        }
    }

    private let limiters = Mutex<[Key: RateLimiter]>([:])

    /// The limiter of a revision; nil when it has no rate.
    func limiter(_ revision: Revision) -> RateLimiter? {
        guard let key = Key(revision) else { return nil }
        return limiters.withLock { known in
            if let limiter = known[key] { return limiter }
            let made = RateLimiter(key.rate)
            known[key] = made
            return made
        }
    }

    /// Forgets the rates that no revision has any more.
    func keepOnly(_ revisions: [Revision]) {
        let keys = Set(revisions.compactMap(Key.init))
        limiters.withLock { known in known = known.filter { keys.contains($0.key) } }
    }
}
