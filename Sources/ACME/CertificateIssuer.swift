// SPDX-License-Identifier: Apache-2.0
// Drives one order: asks the authority, shows the challenge's answer, checks what is issued. OrderState decides;
// CertificateRenewal calls it.

import Foundation
import HTTPClient
import TLS

/// Orders certificates at one authority.
struct CertificateIssuer: Sendable {
    let client: ACMEClient
    let files: ACMEFiles
    let responder: any ChallengeResponder
    /// Of the operator; empty for none.
    let email: String
    /// Waits between two questions; cancelled with the task.
    let sleep: @Sendable (Int64) async throws -> Void

    /// What signs the requests of one order.
    private struct Session: Sendable {
        var directory: Directory
        var jose: JOSE
        var account: String
    }

    private struct NewAccount: Encodable {
        var termsOfServiceAgreed = true
        var contact: [String]?
    }

    private struct NewOrder: Encodable {
        struct Identifier: Encodable {
            var type = "dns"
            var value: String
        }
        var identifiers: [Identifier]
    }

    private struct Finalization: Encodable { var csr: String }

    /// Orders the certificate of a domain.
    ///
    /// - Parameters:
    ///   - domain: lower case.
    ///   - kind: of the challenge.
    ///   - nowSeconds: Unix time.
    /// - Returns: the chain and its key, checked and not stored.
    /// - Throws: ``ACMEError``.
    func issue(_ domain: String, by kind: ChallengeKind, nowSeconds: Int64) async throws(ACMEError) -> (
        pair: TLSPair, validity: Validity
    ) {
        let session = try await signIn()
        do throws(ACMEError) {
            return try await order(domain, by: kind, session, nowSeconds: nowSeconds)
        } catch {
            if error == .unknownAccount { try files.storeAccount(nil) }
            throw error
        }
    }

    private func signIn() async throws(ACMEError) -> Session {
        let directory = try await client.directory()
        let account = try files.account()
        let jose = JOSE(key: account.key)
        if let address = account.address {
            return Session(directory: directory, jose: jose, account: address)
        }
        let answer = try await client.post(
            try JOSE.json(NewAccount(contact: email.isEmpty ? nil : ["mailto:" + email])),
            to: directory.newAccount,
            directory,
            jose,
            by: .key
        )
        let address = try location(answer, of: "account")
        try files.storeAccount(address.absoluteString)
        return Session(directory: directory, jose: jose, account: address.absoluteString)
    }

    private func order(_ domain: String, by kind: ChallengeKind, _ session: Session, nowSeconds: Int64)
        async throws(ACMEError) -> (pair: TLSPair, validity: Validity)
    {
        let signing = try SigningRequest(for: domain)
        var shown: [ChallengeAnswer] = []
        defer { shown.forEach { responder.withdraw($0) } }
        var state = OrderState(kind: kind)
        let body = try JOSE.json(NewOrder(identifiers: [.init(value: domain)]))
        let answer = try await post(body, session.directory.newOrder, session)
        var next = state.ordered(
            try client.reader.order(answer.bytes),
            at: try location(answer, of: "order")
        )
        while true {
            switch next {
            case .readAuthorization(let url):
                let order = try await prove(domain, url, session, &state, &shown)
                next = try await read(order, session, &state)
            case .finalize(let url):
                let csr = try JOSE.json(Finalization(csr: Base64URL.text(signing.request)))
                let answer = try await post(csr, url, session)
                next = state.read(
                    try client.reader.order(answer.bytes),
                    retryAfterSeconds: answer.retryAfterSeconds
                )
            case .wait(let seconds):
                try await wait(seconds)
                guard case .readOrder(let url) = state.waited() else { throw .unfinished(what: "order") }
                next = try await read(url, session, &state)
            case .readCertificate(let url):
                let chain = try await post(nil, url, session, bytesMax: ACMEClient.chainBytesMax).bytes
                return try Self.check(chain, signing.key, domain, nowSeconds: nowSeconds)
            case .failed(let error): throw error
            }
        }
    }

    /// Proves control of the name, from the first authorization on.
    ///
    /// - Returns: the order's address.
    private func prove(
        _ domain: String,
        _ first: URL,
        _ session: Session,
        _ state: inout OrderState,
        _ shown: inout [ChallengeAnswer]
    ) async throws(ACMEError) -> URL {
        var url = first
        while true {
            let answer = try await post(nil, url, session)
            let authorization = try client.reader.authorization(answer.bytes, for: domain)
            switch state.authorized(authorization, retryAfterSeconds: answer.retryAfterSeconds) {
            case .answer(let challenge):
                let shows = try self.answer(to: challenge, domain, session)
                try responder.publish(shows)
                shown.append(shows)
                _ = try await post(Data("{}".utf8), challenge.url, session)
            case .wait(let seconds): try await wait(seconds)
            case .readAuthorization(let next):
                url = next
                continue
            case .readOrder(let order): return order
            case .failed(let error): throw error
            }
            switch state.waited() {
            case .readAuthorization(let next): url = next
            case .readOrder(let order): return order
            case .failed(let error): throw error
            }
        }
    }

    private func answer(to challenge: Challenge, _ domain: String, _ session: Session) throws(ACMEError)
        -> ChallengeAnswer
    {
        let text = try session.jose.keyAuthorization(challenge.token)
        return ChallengeAnswer(
            kind: challenge.kind,
            domain: domain,
            token: challenge.token,
            keyAuthorization: text,
            digest: try JOSE.sha256(Array(text.utf8))
        )
    }

    private func read(_ url: URL, _ session: Session, _ state: inout OrderState) async throws(ACMEError)
        -> OrderState.Ordered
    {
        let answer = try await post(nil, url, session)
        return state.read(
            try client.reader.order(answer.bytes),
            retryAfterSeconds: answer.retryAfterSeconds
        )
    }

    private func post(
        _ payload: Data?,
        _ url: URL,
        _ session: Session,
        bytesMax: Int = ACMEClient.bodyBytesMax
    ) async throws(ACMEError) -> ACMEAnswer {
        try await client.post(
            payload,
            to: url,
            session.directory,
            session.jose,
            by: .account(session.account),
            bytesMax: bytesMax
        )
    }

    private func location(_ answer: ACMEAnswer, of what: String) throws(ACMEError) -> URL {
        guard let text = answer.head["location"] else {
            throw .malformed(what: "an \(what) without an address")
        }
        return try client.reader.address(text)
    }

    private func wait(_ seconds: Int64) async throws(ACMEError) {
        do { try await sleep(seconds) } catch { throw .unreachable(reason: "the gateway is stopping") }
    }

    /// Checks that a chain is for the key and the name, and valid now.
    static func check(_ chain: [UInt8], _ key: [UInt8], _ domain: String, nowSeconds: Int64)
        throws(ACMEError) -> (pair: TLSPair, validity: Validity)
    {
        // Where it came from, for the messages of OpenSSL's errors.
        let place = "the authority's answer"
        let pair = TLSPair(
            certificate: PEMFile(path: place, bytes: chain),
            key: PEMFile(path: "the gateway's key", bytes: key)
        )
        let facts: TLSPairFacts
        do throws(TLSError) { facts = try pair.facts() } catch {
            throw .wrongCertificate(reason: error.description)
        }
        guard facts.covers(domain) else { throw .wrongCertificate(reason: "it is for another name") }
        let validity = Validity(fromSeconds: facts.validFromSeconds, untilSeconds: facts.validUntilSeconds)
        guard nowSeconds < validity.untilSeconds, validity.fromSeconds < validity.untilSeconds else {
            throw .wrongCertificate(reason: "it has expired")
        }
        return (pair, validity)
    }
}
