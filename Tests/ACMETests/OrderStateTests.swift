// SPDX-License-Identifier: Apache-2.0
// Orders from the first answer to the last, and answers that no honest authority gives.

import Foundation
import Testing

@testable import ACME

@Suite struct OrderStateTests {
    private static func url(_ path: String) -> URL {
        guard let url = URL(string: "https://ca.example/\(path)") else { preconditionFailure("no address") }
        return url
    }

    private static func order(_ status: OrderStatus, _ authorizations: Int = 1) -> Order {
        Order(
            status: status,
            authorizations: (0..<authorizations).map { url("authz/\($0)") },
            finalize: url("finalize"),
            certificate: status == .valid ? url("cert") : nil,
            failure: status == .invalid ? "no" : nil
        )
    }

    private static let challenges = [
        Challenge(kind: .tls, url: url("tls"), token: "t"),
        Challenge(kind: .http, url: url("http"), token: "h"),
    ]

    private static func authorization(_ status: NameAuthorization.Status) -> NameAuthorization {
        NameAuthorization(status: status, challenges: challenges, failure: status == .invalid ? "bad" : nil)
    }

    @Test("an order is proved, finalized once and read until its certificate is there")
    func whole() {
        var state = OrderState(kind: .http)
        let made = state.ordered(Self.order(.pending), at: Self.url("order"))
        #expect(made == .readAuthorization(Self.url("authz/0")))
        let asked = state.authorized(Self.authorization(.pending), retryAfterSeconds: nil)
        #expect(asked == .answer(Self.challenges[1]))
        let told = state.waited()
        #expect(told == .readAuthorization(Self.url("authz/0")))
        let checking = state.authorized(Self.authorization(.pending), retryAfterSeconds: 7)
        #expect(checking == .wait(seconds: 7))
        let later = state.waited()
        #expect(later == .readAuthorization(Self.url("authz/0")))
        let proved = state.authorized(Self.authorization(.valid), retryAfterSeconds: nil)
        #expect(proved == .readOrder(Self.url("order")))
        let early = state.read(Self.order(.pending), retryAfterSeconds: nil)
        #expect(early == .wait(seconds: OrderState.waitSeconds))
        let ready = state.read(Self.order(.ready), retryAfterSeconds: nil)
        #expect(ready == .finalize(Self.url("finalize")))
        let again = state.read(Self.order(.ready), retryAfterSeconds: 0)
        #expect(again == .wait(seconds: OrderState.waitSeconds))
        let processing = state.read(Self.order(.processing), retryAfterSeconds: 10_000)
        #expect(processing == .wait(seconds: OrderState.waitSecondsMax))
        let question = state.waited()
        #expect(question == .readOrder(Self.url("order")))
        let valid = state.read(Self.order(.valid), retryAfterSeconds: nil)
        #expect(valid == .readCertificate(Self.url("cert")))
    }

    @Test("a name that was proved before is not proved again")
    func reused() {
        var state = OrderState(kind: .tls)
        let made = state.ordered(Self.order(.ready), at: Self.url("order"))
        #expect(made == .finalize(Self.url("finalize")))
    }

    @Test("every authorization of an order is proved")
    func several() {
        var state = OrderState(kind: .tls)
        _ = state.ordered(Self.order(.pending, 2), at: Self.url("order"))
        let first = state.authorized(Self.authorization(.valid), retryAfterSeconds: nil)
        #expect(first == .readAuthorization(Self.url("authz/1")))
        let second = state.authorized(Self.authorization(.pending), retryAfterSeconds: nil)
        #expect(second == .answer(Self.challenges[0]))
    }

    @Test("an authority that stays undecided is given up after a number of questions")
    func endless() {
        var state = OrderState(kind: .http)
        _ = state.ordered(Self.order(.pending), at: Self.url("order"))
        _ = state.authorized(Self.authorization(.pending), retryAfterSeconds: nil)
        var questions = 0
        while case .readAuthorization = state.waited() {
            questions += 1
            let next = state.authorized(Self.authorization(.pending), retryAfterSeconds: nil)
            guard next == .wait(seconds: OrderState.waitSeconds) else {
                return #expect(Bool(false), "\(next)")
            }
        }
        #expect(questions == OrderState.questionsMax - 1)
    }

    @Test("what fails is reported with the authority's reason")
    func failures() {
        var state = OrderState(kind: .http)
        _ = state.ordered(Self.order(.pending), at: Self.url("order"))
        let invalid = state.authorized(Self.authorization(.invalid), retryAfterSeconds: nil)
        #expect(invalid == .failed(.challengeFailed(detail: "bad")))
        var other = OrderState(kind: .http)
        _ = other.ordered(Self.order(.pending), at: Self.url("order"))
        let none = other.authorized(
            NameAuthorization(status: .pending, challenges: [Self.challenges[0]]),
            retryAfterSeconds: nil
        )
        #expect(none == .failed(.noChallenge(wanted: "http-01")))
        var refused = OrderState(kind: .http)
        let made = refused.ordered(Self.order(.invalid), at: Self.url("order"))
        #expect(made == .failed(.orderFailed(detail: "no")))
    }

    @Test("a certificate that this gateway did not ask for is not read")
    func foreign() {
        var state = OrderState(kind: .http)
        let made = state.ordered(Self.order(.valid), at: Self.url("order"))
        #expect(made == .failed(.malformed(what: "an order that was valid from the start")))
    }

    @Test("answers in any order end every order, and nothing follows its end")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var state = OrderState(kind: .http)
            var hasEnded = false
            for _ in 0..<200 {
                let statuses: [OrderStatus] = [.pending, .ready, .processing, .valid, .invalid]
                let order = Self.order(statuses.randomElement(using: &generator) ?? .pending)
                let kinds: [NameAuthorization.Status] = [.pending, .valid, .invalid]
                let authorization = Self.authorization(kinds.randomElement(using: &generator) ?? .pending)
                let failed: Bool
                let reads: Bool
                switch Int.random(in: 0..<4, using: &generator) {
                case 0:
                    let next = state.ordered(order, at: Self.url("order"))
                    (failed, reads) = if case .failed = next { (true, false) } else { (false, true) }
                case 1:
                    let next = state.authorized(authorization, retryAfterSeconds: nil)
                    // One that was not asked for changes nothing.
                    if case .failed(.malformed) = next { continue }
                    (failed, reads) = if case .failed = next { (true, false) } else { (false, true) }
                case 2:
                    let next = state.waited()
                    if case .failed(.malformed) = next { continue }
                    (failed, reads) = if case .failed = next { (true, false) } else { (false, true) }
                default:
                    let next = state.read(order, retryAfterSeconds: nil)
                    (failed, reads) = if case .failed = next { (true, false) } else { (false, true) }
                    if case .readCertificate = next {
                        #expect(!hasEnded)
                        hasEnded = true
                        continue
                    }
                }
                #expect(!(hasEnded && reads))
                if failed { hasEnded = true }
            }
        }
    }
}
