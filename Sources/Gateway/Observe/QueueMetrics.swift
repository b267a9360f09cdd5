// SPDX-License-Identifier: Apache-2.0
// The queue's part of the Prometheus page. MetricsAPI appends it.

import FunctionModel
import FunctionStore
import Scheduler

/// Depth, retries and dead letters of asynchronous calls.
enum QueueMetrics {
    /// The lines; functions sorted, so that two readings compare.
    static func write(
        _ depths: [QueueDepth],
        _ counts: [FunctionName: QueueCounts],
        to page: inout MetricsText
    ) {
        let gauge = "mayfly_queue_calls"
        page.family(gauge, .gauge, "Unfinished asynchronous calls, and dead letters.")
        for depth in depths {
            let values = [
                ("queued", depth.queued), ("running", depth.running), ("waiting", depth.waiting),
                ("failed", depth.failed),
            ]
            let labels = MetricsPage.label(depth.function)
            for (state, value) in values {
                page.sample(gauge, "\(labels),state=\"\(state)\"", value)
            }
        }
        counter("mayfly_queue_retries_total", "Further attempts of asynchronous calls.", counts, to: &page) {
            $0.retries
        }
        counter("mayfly_queue_dead_letters_total", "Asynchronous calls that failed.", counts, to: &page) {
            $0.deadLetters
        }
    }

    private static func counter(
        _ name: String,
        _ help: String,
        _ counts: [FunctionName: QueueCounts],
        to page: inout MetricsText,
        _ value: (QueueCounts) -> Int
    ) {
        page.family(name, .counter, help)
        for (function, count) in counts.sorted(by: { $0.key < $1.key }) {
            page.sample(name, MetricsPage.label(function), value(count))
        }
    }
}
