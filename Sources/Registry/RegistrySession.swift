// SPDX-License-Identifier: Apache-2.0
// Requests of one worker to one registry about one repository: authentication, redirects, retries.

import HTTPClient
import Foundation
import Synchronization

/// Sends requests with the right credentials, one at a time.
final class RegistrySession: Sendable {
    let client: RegistryClient
    let endpoint: RegistryEndpoint
    /// Nil for requests about the registry itself.
    let repository: String?
    /// The scopes of requested tokens.
    let scopes: Set<AccessScope>
    let events: TransferEvents
    let lane: HTTPLane
    /// The address class of the registry at its last answer.
    private let scope = Mutex(AddressScope.open)

    /// Largest answer that is kept in memory: a manifest with a margin.
    static let smallBytesMax = RegistryDocument.bytesMax

    /// A session on a lane, or on one of its own.
    init(
        _ client: RegistryClient,
        endpoint: RegistryEndpoint,
        repository: String?,
        scopes: Set<AccessScope>,
        events: @escaping TransferEvents,
        lane: HTTPLane? = nil
    ) {
        self.client = client
        self.endpoint = endpoint
        self.repository = repository
        self.scopes = scopes
        self.events = events
        self.lane = lane ?? HTTPLane(idleTimeoutSeconds: client.options.idleTimeoutSeconds)
    }

    /// The address of something in the repository, or of the registry itself.
    func url(_ path: String, query: [(name: String, value: String)] = []) throws(RegistryError) -> URL {
        let full = repository.map { $0 + "/" + path } ?? path
        guard let url = endpoint.url(full, query: query) else {
            throw .configuration("no address for '\(full)' at \(endpoint.name)")
        }
        return url
    }

    /// The permitted addresses in the registry's answers: no nearer to this host than the registry itself.
    ///
    /// The user or the configuration named the registry's own address, which may be any.
    func destinations(of url: URL) -> DestinationPolicy? {
        if Origin(url) == endpoint.origin { return nil }
        var policy = DestinationPolicy(allowed: client.options.allowed)
        policy.source = scope.withLock { $0 }
        return policy
    }

    private func noteScope(of head: HTTPHead) {
        guard Origin(head.url) == endpoint.origin, let peer = head.peer else { return }
        let found = AddressScope(peer, own: HostAddresses.current())
        scope.withLock { $0 = found }
    }

    /// An answer referred to a forbidden address; a retry would not change that.
    static func checkReach(_ failure: TransportFailure, host: String) throws(RegistryError) {
        guard failure.cause == .forbidden else { return }
        throw .violation(host: host, reason: "it refers to another address, and \(failure.reason)")
    }

    /// Sends a request, and again as authentication and redirects require.
    ///
    /// Redirects of other methods than GET and HEAD
    /// are answers.
    func send(
        _ request: HTTPRequest,
        into sink: any BodySink
    ) async throws(RegistryError) -> Result<HTTPHead, TransportFailure> {
        var request = request
        let isFollowing = request.method == "GET" || request.method == "HEAD"
        var policy = RedirectPolicy(start: endpoint.origin)
        var hasAuthenticated = false
        while true {
            let isOurs = policy.carriesAuthorization && Origin(request.url) == endpoint.origin
            let used = isOurs ? authorization() : nil
            request.fields["Authorization"] = used?.headerValue
            request.destinations = destinations(of: request.url)
            let head: HTTPHead
            switch await lane.perform(request, into: sink) {
            case .failure(let failure):
                if failure.kind == .cancelled { throw .cancelled }
                try Self.checkReach(failure, host: endpoint.name)
                return .failure(failure)
            case .success(let answer): head = answer
            }
            noteScope(of: head)
            if head.status == 401, isOurs, !hasAuthenticated {
                hasAuthenticated = true
                if let used { client.tokens.withLock { $0.forget(endpoint.origin, authorization: used) } }
                if try await authenticate(head) { continue }
            }
            guard isFollowing, RedirectPolicy.isRedirect(head.status) else { return .success(head) }
            switch policy.redirected(from: request.url, location: head["Location"]) {
            case .follow(let target): request.url = target
            case .refuse(let reason): throw .violation(host: endpoint.name, reason: reason)
            }
        }
    }

    /// Sends an idempotent request, with retries, and keeps its answer in memory.
    func small(
        _ request: HTTPRequest,
        what: String
    ) async throws(RegistryError) -> (head: HTTPHead, body: [UInt8]) {
        let sink = CollectingSink(limitBytes: Self.smallBytesMax)
        var plan = RetryPlan(limits: client.options.retry)
        var random = SystemRandomNumberGenerator()
        while true {
            let trouble: RetryPlan.Trouble
            let reason: String
            let last: HTTPHead?
            switch try await send(request, into: sink) {
            case .success(let head):
                guard RetryPlan.isPassing(head.status) else { return (head, sink.bytes) }
                last = head
                trouble = .status(head.status, retryAfter: RetryAfter.parse(head["Retry-After"], now: Date()))
                reason = "HTTP \(head.status)"
            case .failure(let failure):
                if sink.isTooLong { throw .tooLarge(what: what, limitBytes: Self.smallBytesMax) }
                last = nil
                trouble = failure.kind == .unreachable ? .unreachable : .broken
                reason = failure.reason
            }
            guard case .wait(let delay) = plan.failed(trouble, using: &random) else {
                guard let last else { throw .unreachable(host: endpoint.name, reason: reason) }
                return (last, sink.bytes)
            }
            events(.retrying(what: what, reason: reason, after: delay))
            try await pause(delay)
        }
    }

    /// Sleeps between attempts.
    func pause(_ delay: Duration) async throws(RegistryError) {
        do { try await Task.sleep(for: delay) } catch { throw .cancelled }
    }

    private func authorization() -> Authorization? {
        client.tokens.withLock { $0.authorization(for: endpoint.origin, scopes: scopes, at: .now) }
    }
}
