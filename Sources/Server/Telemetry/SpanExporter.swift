// SPDX-License-Identifier: Apache-2.0
// Sends spans to a collector by OTLP over HTTP. Gateway and Scheduler hand it the spans; GatewayProcess runs and ends it.

import Foundation
import HTTPClient
import Logging
import Scheduler
import Synchronization

/// Exports spans in batches, beside the calls.
final class SpanExporter: SpanSink {
    /// Between two exports of fewer spans than a batch.
    static let pause = Duration.seconds(5)
    /// One export; a collector that takes longer counts as gone.
    ///
    /// The end of the gateway waits so long at most.
    private static let exportMax = Duration.seconds(5)
    private static let idleSeconds = 5

    private let endpoint: URL
    private let version: String
    private let logger: Logger
    private let state = Mutex(SpanQueueState())
    /// Wakes the loop; one wake is enough for any number of spans.
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let lane = HTTPLane(idleTimeoutSeconds: SpanExporter.idleSeconds)

    init(endpoint: URL, version: String, logger: Logger) {
        self.endpoint = endpoint
        self.version = version
        self.logger = logger
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func take(_ span: CallSpan) {
        if state.withLock({ $0.add(span) }) == .send { wake.yield() }
    }

    var counts: SpanCounts { state.withLock { $0.counts } }

    /// Exports until its task is cancelled, then once more what waits.
    ///
    /// A batch that does not arrive is not sent again: what follows it would be lost instead.
    func run() async {
        let ticking = Task { [wake] in
            while !Task.isCancelled {
                // A cancelled sleep is the end.
                _ = try? await Task.sleep(for: Self.pause)
                wake.yield()
            }
        }
        for await _ in wakes { await exportAll() }
        ticking.cancel()
        // Not this task's: what waits is sent although it was cancelled.
        await Task { await exportAll() }.value
    }

    private func exportAll() async {
        while true {
            let batch = state.withLock { $0.takeBatch() }
            guard !batch.isEmpty else { return }
            let reason = await export(batch)
            if let reason {
                logger.warning(
                    "spans were not exported",
                    metadata: ["count": "\(batch.count)", "reason": "\(reason)"]
                )
            }
            let step = state.withLock { $0.ended(batch.count, isLost: reason != nil) }
            // The next try is the next batch's, or the timer's.
            guard step == .send, reason == nil else { return }
        }
    }

    /// Sends a batch; why it did not arrive, nil when it did.
    private func export(_ batch: [CallSpan]) async -> String? {
        let body: Data
        do { body = try SpanBody.encode(batch, version: version) } catch { return "\(error)" }
        var request = HTTPRequest("POST", endpoint, fields: ["content-type": "application/json"])
        request.body = .bytes(body)
        let sending = Task { [lane, request] in await lane.perform(request, into: DroppingSink()) }
        let limit = Task {
            try await Task.sleep(for: Self.exportMax)
            sending.cancel()
        }
        defer { limit.cancel() }
        switch await sending.value {
        case .success(let head) where head.isSuccess: return nil
        case .success(let head): return "the collector answered with status \(head.status)"
        case .failure(let failure): return failure.reason
        }
    }
}

/// Takes a collector's answer for nothing: only the status counts.
private final class DroppingSink: BodySink {
    func begin(_ head: HTTPHead) -> Bool { true }
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool { true }
}
