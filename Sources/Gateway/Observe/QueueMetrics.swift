// SPDX-License-Identifier: Apache-2.0
// The queue's part of the Prometheus page. MetricsAPI appends it.

import FunctionModel
import FunctionStore
import Scheduler

/// Depth, retries and dead letters of asynchronous calls.
enum QueueMetrics {
    /// The lines; functions sorted, so that two readings compare.
    static func text(_ depths: [QueueDepth], _ counts: [FunctionName: QueueCounts]) -> String {
        var page = ""
        let gauge = "mayfly_queue_calls"
        MetricsPage.head(gauge, "gauge", "Unfinished asynchronous calls, and dead letters.", to: &page)
        for depth in depths {
            let values = [
                ("queued", depth.queued), ("running", depth.running), ("waiting", depth.waiting),
                ("failed", depth.failed),
            ]
            for (state, value) in values {
                page += "\(gauge){\(MetricsPage.label(depth.function)),state=\"\(state)\"} \(value)\n"
            }
        }
        counter("mayfly_queue_retries_total", "Further attempts of asynchronous calls.", counts, to: &page) {
            $0.retries
        }
        counter("mayfly_queue_dead_letters_total", "Asynchronous calls that failed.", counts, to: &page) {
            $0.deadLetters
        }
        return page
    }

    private static func counter(
        _ name: String,
        _ help: String,
        _ counts: [FunctionName: QueueCounts],
        to page: inout String,
        _ value: (QueueCounts) -> Int
    ) {
        MetricsPage.head(name, "counter", help, to: &page)
        for (function, count) in counts.sorted(by: { $0.key < $1.key }) {
            page += "\(name){\(MetricsPage.label(function))} \(value(count))\n"
        }
    }
}
