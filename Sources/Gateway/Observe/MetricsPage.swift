// SPDX-License-Identifier: Apache-2.0
// Counters of functions as metric families. MetricsAPI drives it.

import FunctionModel
import Scheduler

/// OpenFaaS's series by its own names, and ours beside them.
enum MetricsPage {
    /// Bytes of a function's lines in the page, about: gauges, and a histogram for each status code.
    private static let functionBytes = 768
    private static let codeBytes = 2048

    /// A function's counters, with what its lines share made once.
    private struct Row {
        let labels: String
        let started: Int
        /// By status code, sorted.
        let codes: [(labels: String, series: FunctionMetrics.Series)]

        init(_ name: FunctionName, _ reading: FunctionMetrics.Reading) {
            let labels = MetricsPage.label(name)
            self.labels = labels
            started = reading.started
            codes = reading.codes.sorted { $0.key < $1.key }.map {
                ("\(labels),code=\"\($0.key)\"", $0.value)
            }
        }
    }

    /// Bytes that the page of so many functions is likely to have.
    static func capacity(functions: [(name: FunctionName, reading: FunctionMetrics.Reading)]) -> Int {
        functions.reduce(16 << 10) { $0 + functionBytes + $1.reading.codes.count * codeBytes }
    }

    /// The families of all functions; functions and codes sorted, so that two readings compare.
    static func write(
        _ functions: [(name: FunctionName, reading: FunctionMetrics.Reading)],
        _ loads: [FunctionLoad],
        to page: inout MetricsText
    ) {
        calls(functions.map { Row($0.name, $0.reading) }, to: &page)
        let pools = loads.map { (labels: label($0.function), load: $0) }
        gauge("gateway_service_count", "Replicas of a function.", pools, to: &page) {
            max(1, $0.warm + $0.running)
        }
        gauge("mayfly_pool_ready", "Warm sandboxes.", pools, to: &page) { $0.warm }
        gauge("mayfly_pool_running", "Running invocations.", pools, to: &page) { $0.running }
        gauge("mayfly_pool_waiting", "Callers in the queue.", pools, to: &page) { $0.waiting }
        let copying = pools.filter { $0.load.template != nil }
        gauge("mayfly_template_slots", "Slots that copy a started process.", copying, to: &page) {
            $0.template?.slots ?? 0
        }
        gauge("mayfly_template_refused", "1 when the program cannot be copied.", copying, to: &page) {
            $0.template?.refusal == nil ? 0 : 1
        }
        let copies = "mayfly_template_copies_total"
        page.family(copies, .counter, "Calls that were served by a copy of a started process.")
        for pool in copying { page.sample(copies, pool.labels, pool.load.template?.copies ?? 0) }
    }

    /// Names hold letters, digits, `-`, `_` and the dot before the namespace only: nothing to escape.
    static func label(_ name: FunctionName) -> String {
        let namespace = name.namespace
        guard namespace == FunctionName.defaultNamespace else { return "function_name=\"\(name.text)\"" }
        return "function_name=\"\(name.text).\(namespace)\""
    }

    private static func calls(_ rows: [Row], to page: inout MetricsText) {
        let ended = "gateway_function_invocation_total"
        page.family(ended, .counter, "Calls of a function that have ended.")
        for row in rows {
            for code in row.codes { page.sample(ended, code.labels, code.series.count) }
        }
        let started = "gateway_function_invocation_started"
        page.family(started, .counter, "Calls of a function that have begun.")
        for row in rows { page.sample(started, row.labels, row.started) }
        let seconds = "gateway_functions_seconds"
        page.family(seconds, .histogram, "Time from a call's arrival to the end of its function.")
        for row in rows {
            for (labels, series) in row.codes {
                page.histogram(
                    seconds,
                    labels,
                    bounds: FunctionMetrics.bucketLabels,
                    counts: series.buckets,
                    sum: series.sumSeconds,
                    exemplars: series.exemplars
                )
            }
        }
    }

    private static func gauge(
        _ name: String,
        _ help: String,
        _ pools: [(labels: String, load: FunctionLoad)],
        to page: inout MetricsText,
        _ value: (FunctionLoad) -> Int
    ) {
        page.family(name, .gauge, help)
        for pool in pools { page.sample(name, pool.labels, value(pool.load)) }
    }
}
