// SPDX-License-Identifier: Apache-2.0
// Requests to one authority: nonces, signatures and bounds of every answer. CertificateIssuer drives it.

import Foundation
import HTTPClient
import Synchronization

/// A successful answer.
struct ACMEAnswer: Sendable {
    var head: HTTPHead
    var bytes: [UInt8]

    /// When the authority wants to be asked again; nil when it does not say, or gives a date.
    var retryAfterSeconds: Int64? { ACMEClient.retryAfter(head) }
}

/// One authority; one request at a time.
final class ACMEClient: Sendable {
    /// An order or a directory is a few hundred bytes.
    static let bodyBytesMax = 64 << 10
    /// A chain of certificates is a few KiB.
    static let chainBytesMax = 256 << 10
    /// From the connection to the last byte of an answer.
    ///
    /// Authorities finalize orders within seconds; one that sends a byte now and then must not hold a renewal.
    static let exchangeTime = Duration.seconds(60)
    /// Silence after which an answer does not come.
    private static let silenceSeconds = 30
    /// Longest nonce: it goes into the next signature.
    private static let nonceBytesMax = 256

    let reader: ACMEReader
    private let address: URL
    private let roots: String?
    private let exchangeTime: Duration
    private let lane = HTTPLane(idleTimeoutSeconds: silenceSeconds)
    private let nonce = Mutex<String?>(nil)

    /// - Parameters:
    ///   - address: of the directory.
    ///   - roots: PEM file of the certificates that the authority's server is trusted by; nil for the system's.
    ///   - exchangeTime: longest time of one exchange.
    /// - Throws: ``ACMEError/malformed(what:)`` when the address is none.
    init(_ address: URL, roots: String?, exchangeTime: Duration = ACMEClient.exchangeTime) throws(ACMEError) {
        guard let origin = Origin(address) else { throw .malformed(what: "\(address) is no address") }
        reader = ACMEReader(origin: origin)
        self.address = address
        self.roots = roots
        self.exchangeTime = exchangeTime
    }

    /// The authority's addresses.
    ///
    /// - Throws: ``ACMEError``.
    func directory() async throws(ACMEError) -> Directory {
        let answer = try await exchange(HTTPRequest("GET", address), "directory", Self.bodyBytesMax)
        var state = ExchangeState()
        switch state.answered(
            status: answer.head.status,
            problem: reader.problem(answer.bytes),
            retryAfterSeconds: answer.retryAfterSeconds
        ) {
        case .accepted: return try reader.directory(answer.bytes)
        case .again: throw .nonces
        case .failed(let error): throw error
        }
    }

    /// Sends a signed request, again with another nonce where the authority refuses one.
    ///
    /// - Parameters:
    ///   - payload: JSON; nil reads what is at the address.
    ///   - url: of the authority.
    ///   - directory: where nonces come from.
    ///   - jose: signs.
    ///   - signer: the key, or the account.
    ///   - bytesMax: of the answer.
    /// - Returns: an answer of the statuses 200 to 299.
    /// - Throws: ``ACMEError``.
    func post(
        _ payload: Data?,
        to url: URL,
        _ directory: Directory,
        _ jose: JOSE,
        by signer: JOSE.Signer,
        bytesMax: Int = ACMEClient.bodyBytesMax
    ) async throws(ACMEError) -> ACMEAnswer {
        var state = ExchangeState()
        while true {
            let nonce = try await takeNonce(directory)
            let body = try jose.request(payload, to: url, nonce: nonce, by: signer)
            let request = HTTPRequest(
                "POST",
                url,
                fields: ["Content-Type": "application/jose+json"],
                body: .bytes(body)
            )
            let answer = try await exchange(request, "answer", bytesMax)
            switch state.answered(
                status: answer.head.status,
                problem: answer.head.isSuccess ? ACMEProblem() : reader.problem(answer.bytes),
                retryAfterSeconds: answer.retryAfterSeconds
            ) {
            case .accepted: return answer
            case .again: continue
            case .failed(let error): throw error
            }
        }
    }

    /// The nonce of the last answer, which is used once, or a new one.
    private func takeNonce(_ directory: Directory) async throws(ACMEError) -> String {
        if let kept = nonce.withLock({ $0.take() }) { return kept }
        let answer = try await exchange(HTTPRequest("HEAD", directory.newNonce), "nonce", Self.bodyBytesMax)
        guard answer.head.isSuccess, let fresh = nonce.withLock({ $0.take() }) else {
            throw .malformed(what: "an answer (\(answer.head.status)) without a nonce")
        }
        return fresh
    }

    private func exchange(_ request: HTTPRequest, _ what: String, _ bytesMax: Int) async throws(ACMEError)
        -> ACMEAnswer
    {
        var request = request
        request.trustedRoots = roots
        let sink = CollectingSink(limitBytes: bytesMax)
        switch await bounded(request, sink) {
        case .success(let head):
            keepNonce(head)
            return ACMEAnswer(head: head, bytes: sink.bytes)
        case .failure where sink.isTooLong: throw .tooLarge(what: what, bytesMax: bytesMax)
        case .failure(let failure):
            let isSlow = failure.kind == .cancelled && !Task.isCancelled
            throw .unreachable(reason: isSlow ? "its answer was not complete in time" : failure.reason)
        }
    }

    /// One exchange that ends in time, also when the authority sends a byte now and then.
    private func bounded(_ request: HTTPRequest, _ sink: CollectingSink) async -> Result<
        HTTPHead, TransportFailure
    > {
        let running = Task { [lane] in await lane.perform(request, into: sink) }
        let timer = Task { [exchangeTime] in
            guard (try? await Task.sleep(for: exchangeTime)) != nil else { return }
            running.cancel()
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await running.value
        } onCancel: {
            running.cancel()
        }
    }

    private func keepNonce(_ head: HTTPHead) {
        guard let given = head["replay-nonce"], !given.isEmpty, given.utf8.count <= Self.nonceBytesMax,
            Base64URL.isValid(given)
        else { return }
        nonce.withLock { $0 = given }
    }

    /// Seconds of a Retry-After; the form with a date is read as none.
    static func retryAfter(_ head: HTTPHead) -> Int64? {
        head["retry-after"].flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
