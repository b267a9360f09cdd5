// SPDX-License-Identifier: Apache-2.0
// Keeps a certificate of an authority for each name of the gateway. Server runs it beside the edge; RenewalState
// decides, CertificateIssuer asks the authority.

package import Foundation
package import Logging
import Synchronization
import TLS

/// Certificates of one authority over their renewals.
package final class CertificateRenewal: Sendable {
    /// Between two looks at what is due: bounds the delay of an attempt, which is planned in minutes at least.
    static let interval = Duration.seconds(30)

    private let domains: [String]
    private let files: ACMEFiles
    private let responder: any ChallengeResponder
    private let issuer: CertificateIssuer
    private let logger: Logger
    private let nowSeconds: @Sendable () -> Int64
    private let onIssued: @Sendable () -> Void
    private let states: Mutex<[String: RenewalState]>
    private let isAsked = Mutex(false)
    private let looks: AsyncStream<Void>
    private let wakes: AsyncStream<Void>.Continuation

    /// Reads what is stored; blocks.
    ///
    /// - Parameters:
    ///   - settings: names and authority.
    ///   - authority: the directory's address, parsed.
    ///   - dataDirectory: DATA.
    ///   - responder: shows answers to challenges.
    ///   - logger: one line for each certificate and each failed attempt.
    ///   - sleep: waits some seconds.
    ///   - nowSeconds: Unix time.
    ///   - onIssued: called when a certificate was stored.
    /// - Throws: ``ACMEError``.
    package init(
        _ settings: ACMESettings,
        authority: URL,
        dataDirectory: String,
        responder: any ChallengeResponder,
        logger: Logger,
        sleep: @escaping @Sendable (Int64) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
        nowSeconds: @escaping @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970) },
        onIssued: @escaping @Sendable () -> Void
    ) throws(ACMEError) {
        domains = settings.domains
        files = ACMEFiles(dataDirectory: dataDirectory, authority: authority)
        self.responder = responder
        issuer = CertificateIssuer(
            client: try ACMEClient(authority, roots: settings.roots),
            files: files,
            responder: responder,
            email: settings.email,
            sleep: sleep
        )
        self.logger = logger
        self.nowSeconds = nowSeconds
        self.onIssued = onIssued
        (looks, wakes) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        var states: [String: RenewalState] = [:]
        for domain in settings.domains {
            states[domain] = RenewalState(
                validity: Self.validity(of: domain, files, logger),
                failures: files.attempts(domain)
            )
        }
        self.states = Mutex(states)
    }

    private static func validity(of domain: String, _ files: ACMEFiles, _ logger: Logger) -> Validity? {
        do throws(TLSError) {
            return try files.certificate(domain).map {
                Validity(fromSeconds: $0.validFromSeconds, untilSeconds: $0.validUntilSeconds)
            }
        } catch {
            logger.warning("a stored certificate is not used", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// Looks soon, also where a pause after a failure is not over; from any thread.
    package func request() {
        isAsked.withLock { $0 = true }
        wakes.yield()
    }

    /// Asks for what is due until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [wakes] in
                repeat { wakes.yield() } while (try? await Task.sleep(for: Self.interval)) != nil
            }
            tasks.addTask { [self] in for await _ in looks { await look() } }
        }
    }

    /// Asks for every certificate that is due, one after the other.
    func look() async {
        let isAsked = isAsked.withLock { asked in
            defer { asked = false }
            return asked
        }
        for domain in domains where !Task.isCancelled {
            guard let state = states.withLock({ $0[domain] }),
                state.attempts(nowSeconds: nowSeconds(), isAsked: isAsked),
                let kind = state.kind(of: responder.kinds)
            else { continue }
            await attempt(domain, by: kind)
        }
    }

    private func attempt(_ domain: String, by kind: ChallengeKind) async {
        do throws(ACMEError) {
            let issued = try await issuer.issue(domain, by: kind, nowSeconds: nowSeconds())
            try files.store(issued.pair, for: domain)
            states.withLock { $0[domain]?.issued(issued.validity, nowSeconds: nowSeconds()) }
            try files.store(FailedAttempts(), for: domain)
            logger.notice("certificate issued", metadata: ["domain": "\(domain)", "by": "\(kind.rawValue)"])
            onIssued()
        } catch {
            // The gateway's own end is no failure of the authority.
            if !Task.isCancelled { failed(domain, by: kind, error) }
        }
    }

    private func failed(_ domain: String, by kind: ChallengeKind, _ error: ACMEError) {
        let now = nowSeconds()
        let random = UInt64.random(in: 0...UInt64.max)
        let attempts = states.withLock { $0[domain]?.failed(error, nowSeconds: now, random: random) }
        guard let attempts else { return }
        logger.error(
            "no certificate was issued, the one in use stays",
            metadata: [
                "domain": "\(domain)", "by": "\(kind.rawValue)", "reason": "\(error)",
                "next_attempt_seconds": "\(attempts.nextSeconds - now)",
            ]
        )
        do throws(ACMEError) { try files.store(attempts, for: domain) } catch {
            logger.warning("a failed attempt cannot be stored", metadata: ["reason": "\(error)"])
        }
    }
}
