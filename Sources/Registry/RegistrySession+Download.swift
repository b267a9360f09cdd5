// SPDX-License-Identifier: Apache-2.0
// Downloads one blob: resumes, retries, verifies. What to do next is DownloadState's decision.

import OCI
import HTTPClient
import ImageStore
import Foundation
import Glibc

extension RegistrySession {
    /// The wait for another download of the same blob: interval and number of checks.
    private static let sharedPause = Duration.milliseconds(200)
    private static let sharedPausesMax = 5 * 3600

    /// Downloads a blob into the store, unless it is there.
    ///
    /// An interrupted download leaves its part for the next one; one with a wrong digest leaves nothing.
    func download(_ blob: Descriptor, into store: BlobStore) async throws(RegistryError) {
        // A part of an earlier run may have caused the wrong digest: one more download from the first byte.
        for isSecondChance in [false, true] {
            guard let sink = try await open(blob, store) else {
                return events(.present(blob.digest, sizeBytes: blob.size))
            }
            if !isSecondChance { events(.started(blob.digest, sizeBytes: blob.size)) }
            try await transfer(blob, into: sink)
            do throws(ImageError) {
                try await BlockingWork.run { () throws(ImageError) in try sink.commit() }
                return events(.finished(blob.digest, sizeBytes: blob.size))
            } catch .digestMismatch(_, let expected, let actual) {
                guard !isSecondChance, sink.isPatched else {
                    let reason = "it has digest \(actual), expected \(expected); nothing of it was kept"
                    throw .wrongContent(what: "blob of \(name)", reason: reason)
                }
            } catch {
                throw .store(error)
            }
        }
    }

    /// The repository as users name it.
    var name: String { repository.map { "\(endpoint.name)/\($0)" } ?? endpoint.name }

    /// The blob's file, or nil when the blob is in the store.
    private func open(_ blob: Descriptor, _ store: BlobStore) async throws(RegistryError) -> DownloadSink? {
        for _ in 0..<Self.sharedPausesMax {
            if try await RegistryError.working({ store.claim(blob.digest) }) {
                guard store.size(of: blob.digest) == blob.size else {
                    throw .wrongContent(
                        what: "blob \(blob.digest)",
                        reason: "its descriptor has a wrong size"
                    )
                }
                return nil
            }
            let limits = client.options.retry
            let events = events
            do throws(ImageError) {
                return try await BlockingWork.run { () throws(ImageError) in
                    try DownloadSink(blob, store: store, limits: limits, events: events)
                }
            } catch .system(_, _, EWOULDBLOCK) {
                try await pause(Self.sharedPause)
            } catch {
                throw .store(error)
            }
        }
        throw .store(.system(call: "flock", path: store.path(of: blob.digest), errorNumber: EWOULDBLOCK))
    }

    /// Downloads from the registry, or from the descriptor's `urls` when registries do not distribute such layers.
    private func transfer(_ blob: Descriptor, into sink: DownloadSink) async throws(RegistryError) {
        do throws(RegistryError) {
            let request = HTTPRequest("GET", try url("blobs/\(blob.digest)"))
            try await transfer(blob, request, into: sink) { request throws(RegistryError) in
                try await self.send(request, into: sink)
            }
        } catch {
            guard case .notFound = error else { throw error }
            let others = (blob.urls ?? []).prefix(RedirectPolicy.hopsMax).compactMap(URL.init(string:)).filter
            {
                AddressPolicy.mayFetchForeign($0, mediaType: blob.mediaType, registry: endpoint.origin)
            }
            guard let other = others.first, let origin = Origin(other) else { throw error }
            let stranger = ForeignFetch(lane: lane, start: origin, destinations: destinations(of: other))
            try await transfer(blob, HTTPRequest("GET", other), into: sink) { request throws(RegistryError) in
                try await stranger.send(request, into: sink)
            }
        }
    }

    private func transfer(
        _ blob: Descriptor,
        _ request: HTTPRequest,
        into sink: DownloadSink,
        by send: (HTTPRequest) async throws(RegistryError) -> Result<HTTPHead, TransportFailure>
    ) async throws(RegistryError) {
        let subject = "blob \(blob.digest) of \(name)"
        var reason = "the answer ended too early"
        var step = sink.next
        while true {
            switch step {
            case .request(let first):
                var request = request
                request.fields["Range"] = first > 0 ? "bytes=\(first)-" : nil
                if first > 0 { events(.resumed(blob.digest, fromByte: first)) }
                try await RegistryError.working { () throws(ImageError) in try sink.prepare(from: first) }
                let outcome = try await send(request)
                if let refusal = sink.refusal {
                    try await RegistryError.working { sink.discard() }
                    throw refusal
                }
                switch outcome {
                case .success: step = sink.ended()
                case .failure(let failure) where failure.kind == .declined: step = sink.ended()
                case .failure(let failure):
                    reason = failure.reason
                    step = sink.broke(failure.kind == .unreachable ? .unreachable : .broken)
                }
            case .wait(let delay):
                events(.retrying(what: subject, reason: reason, after: delay))
                try await pause(delay)
                step = sink.next
            case .verify: return
            case .refused:
                guard let answer = sink.answer(subject: subject) else { step = .broken; continue }
                throw answer.error
            case .broken: throw .unreachable(host: endpoint.name, reason: reason)
            case .violation(let text): throw .violation(host: endpoint.name, reason: text)
            }
        }
    }
}

/// Fetches from an address that a manifest names.
///
/// It has no credentials, so it cannot leak any.
private struct ForeignFetch: Sendable {
    let lane: HTTPLane
    let start: Origin
    let destinations: DestinationPolicy?

    func send(
        _ request: HTTPRequest,
        into sink: DownloadSink
    ) async throws(RegistryError) -> Result<HTTPHead, TransportFailure> {
        var policy = RedirectPolicy(start: start)
        var request = request
        request.destinations = destinations
        while true {
            switch await lane.perform(request, into: sink) {
            case .failure(let failure):
                if failure.kind == .cancelled { throw .cancelled }
                try RegistrySession.checkReach(failure, host: start.host)
                return .failure(failure)
            case .success(let head):
                guard RedirectPolicy.isRedirect(head.status) else { return .success(head) }
                switch policy.redirected(from: request.url, location: head["Location"]) {
                case .follow(let target): request.url = target
                case .refuse(let reason): throw .violation(host: start.host, reason: reason)
                }
            }
        }
    }
}
