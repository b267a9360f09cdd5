// SPDX-License-Identifier: Apache-2.0
// The Prometheus page. OwnPaths adds it; scrapers call it every few seconds.

import FunctionModel
import FunctionStore
import HTTPTypes
import Hummingbird
import Scheduler

/// GET /metrics.
struct MetricsAPI: Sendable {
    let registry: MetricsRegistry
    let catalog: any FunctionCatalog
    let queue: any AsynchronousCalls
    let queuedCalls: any QueueRepository
    /// Nil for HTTP without TLS.
    let tls: TLSEdge?

    func add(to router: some RouterMethods<OwnContext>) {
        router.resource("/metrics", [.get: page])
    }

    @Sendable private func page(_ request: Request, _ context: OwnContext) async throws -> Response {
        let text =
            MetricsPage.text(registry.read(), try await catalog.statuses())
            + QueueMetrics.text(try await queuedCalls.queueDepths(), queue.counts())
            + (tls?.metrics() ?? "")
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
