// SPDX-License-Identifier: Apache-2.0
// When a certificate is asked for: decisions without IO. CertificateRenewal drives one for each name.

/// From when to when a certificate is valid, in Unix time.
package struct Validity: Hashable, Sendable {
    package var fromSeconds: Int64
    package var untilSeconds: Int64

    package init(fromSeconds: Int64, untilSeconds: Int64) {
        self.fromSeconds = fromSeconds
        self.untilSeconds = untilSeconds
    }
}

/// What is known of the last attempts for a name; survives restarts, so that they do not hammer the authority.
struct FailedAttempts: Hashable, Sendable, Codable {
    /// In a row.
    var count = 0
    /// No attempt before, in Unix time.
    var nextSeconds: Int64 = 0
    /// The authority itself asked for this pause.
    var isDemanded = false
    /// Why the last one failed.
    var reason = ""
}

/// The certificate of one name over its renewals.
struct RenewalState: Hashable, Sendable {
    /// After the first failure; each further one doubles it.
    ///
    /// Let's Encrypt takes five failed checks of a name an hour.
    static let pauseSeconds: Int64 = 10 * 60
    static let pauseSecondsMax: Int64 = 12 * 60 * 60
    /// Longest pause that the authority may ask for: a mistake of its clock must not end renewal.
    static let demandedSecondsMax: Int64 = 7 * 24 * 60 * 60

    /// Of the certificate in use; nil when there is none yet.
    private(set) var validity: Validity?
    private(set) var failures: FailedAttempts
    /// No attempt before, in Unix time: a certificate that is due when it is issued must not be ordered again and again.
    private var restSeconds: Int64 = 0

    /// - Parameters:
    ///   - validity: of the stored certificate; nil when there is none.
    ///   - failures: as an earlier process stored them.
    init(validity: Validity?, failures: FailedAttempts = FailedAttempts()) {
        self.validity = validity
        self.failures = failures
    }

    /// When the certificate is due, in Unix time: after two thirds of its life.
    var dueSeconds: Int64 {
        guard let validity else { return 0 }
        let life = max(0, validity.untilSeconds - validity.fromSeconds)
        return validity.fromSeconds + life / 3 * 2
    }

    /// Whether to ask the authority now.
    ///
    /// - Parameters:
    ///   - nowSeconds: Unix time.
    ///   - isAsked: an operator asks for it: pauses of the gateway's own do not count, those of the authority do.
    /// - Returns: false while a pause lasts, and for a certificate that is not due.
    func attempts(nowSeconds: Int64, isAsked: Bool) -> Bool {
        guard nowSeconds >= dueSeconds, nowSeconds >= restSeconds || isAsked else { return false }
        // A clock that was set back must not make a pause longer than any pause is.
        let isFar = failures.nextSeconds - nowSeconds > Self.demandedSecondsMax
        return nowSeconds >= failures.nextSeconds || isFar || isAsked && !failures.isDemanded
    }

    /// The kind of challenge for the next attempt: after a failure another one than before.
    func kind(of kinds: [ChallengeKind]) -> ChallengeKind? {
        kinds.isEmpty ? nil : kinds[failures.count % kinds.count]
    }

    /// A certificate was issued.
    ///
    /// The next attempt comes after a third of the time that is left, or after the longest pause.
    mutating func issued(_ validity: Validity, nowSeconds: Int64) {
        self.validity = validity
        restSeconds = nowSeconds + min(Self.pauseSecondsMax, max(0, validity.untilSeconds - nowSeconds) / 3)
        failures = FailedAttempts()
    }

    /// An attempt failed.
    ///
    /// - Parameters:
    ///   - error: why.
    ///   - nowSeconds: Unix time.
    ///   - random: any number; spreads attempts of gateways that failed together.
    /// - Returns: what to store.
    mutating func failed(_ error: ACMEError, nowSeconds: Int64, random: UInt64) -> FailedAttempts {
        let doublings = min(failures.count, 10)
        let pause = min(Self.pauseSeconds << Int64(doublings), Self.pauseSecondsMax)
        // At least the pause: an early attempt could break the limit that the pause is for.
        let own = pause + Int64(random % UInt64(pause / 5))
        let demanded = min(error.retryAfterSeconds ?? 0, Self.demandedSecondsMax)
        failures.count += 1
        failures.isDemanded = demanded > 0
        failures.nextSeconds = nowSeconds + max(own, demanded)
        failures.reason = error.description
        return failures
    }
}
