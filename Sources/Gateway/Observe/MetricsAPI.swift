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
    let totals: InvocationTotals
    let version: String
    let queue: any AsynchronousCalls
    let queuedCalls: any QueueRepository
    /// Nil for HTTP without TLS.
    let tls: TLSEdge?
    /// Nil when calls are not traced.
    let spans: (any SpanSink)?

    func add(to router: some RouterMethods<OwnContext>) {
        router.resource("/metrics", [.get: page])
    }

    @Sendable private func page(_ request: Request, _ context: OwnContext) async throws -> Response {
        let format = MetricsText.Format(accept: request.headers[.accept])
        let functions = registry.read()
        var page = MetricsText(format, capacity: MetricsPage.capacity(functions: functions))
        MetricsPage.write(functions, catalog.loads(), to: &page)
        TotalsPage.write(totals.read(), to: &page)
        ProcessPage.write(version: version, to: &page)
        QueueMetrics.write(try await queuedCalls.queueDepths(), queue.counts(), to: &page)
        tls?.writeMetrics(to: &page)
        if let spans { Self.write(spans.counts, to: &page) }
        page.finish()
        return Response(
            status: .ok,
            headers: [.contentType: page.format.contentType],
            body: ResponseBody(byteBuffer: page.buffer)
        )
    }

    private static func write(_ spans: SpanCounts, to page: inout MetricsText) {
        let exported = "mayfly_spans_exported_total"
        page.family(exported, .counter, "Spans of calls that the collector has taken.")
        page.sample(exported, "", spans.exported)
        let dropped = "mayfly_spans_dropped_total"
        page.family(dropped, .counter, "Spans of calls without room, or that the collector did not take.")
        page.sample(dropped, "", spans.dropped)
    }
}
