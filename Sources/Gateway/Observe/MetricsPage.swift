// SPDX-License-Identifier: Apache-2.0
// Counters as Prometheus text (exposition format 0.0.4). MetricsAPI drives it.

import FunctionModel
import Scheduler

/// OpenFaaS's series by its own names, and ours beside them.
enum MetricsPage {
    /// The whole page; functions and codes sorted, so that two readings compare.
    static func text(
        _ functions: [(name: FunctionName, reading: FunctionMetrics.Reading)],
        _ statuses: [FunctionStatus]
    ) -> String {
        var page = ""
        invocations(functions, to: &page)
        started(functions, to: &page)
        durations(functions, to: &page)
        gauge("gateway_service_count", "Replicas of a function.", statuses, to: &page) {
            max(1, $0.warm + $0.running)
        }
        gauge("mayfly_pool_ready", "Warm sandboxes.", statuses, to: &page) { $0.warm }
        gauge("mayfly_pool_running", "Running invocations.", statuses, to: &page) { $0.running }
        gauge("mayfly_pool_waiting", "Callers in the queue.", statuses, to: &page) { $0.waiting }
        let copying = statuses.filter { $0.template != nil }
        gauge("mayfly_template_slots", "Slots that copy a started process.", copying, to: &page) {
            $0.template?.slots ?? 0
        }
        gauge("mayfly_template_refused", "1 when the program cannot be copied.", copying, to: &page) {
            $0.template?.refusal == nil ? 0 : 1
        }
        let copies = "mayfly_template_copies_total"
        head(copies, "counter", "Calls that were served by a copy of a started process.", to: &page)
        for status in copying {
            page += "\(copies){\(label(status.revision.function))} \(status.template?.copies ?? 0)\n"
        }
        return page
    }

    /// Names hold letters, digits, `-` and `_` only: nothing to escape.
    static func label(_ name: FunctionName) -> String {
        "function_name=\"\(name.text).\(FunctionName.defaultNamespace)\""
    }

    static func head(_ name: String, _ type: String, _ help: String, to page: inout String) {
        page += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static func invocations(
        _ functions: [(name: FunctionName, reading: FunctionMetrics.Reading)],
        to page: inout String
    ) {
        let metric = "gateway_function_invocation_total"
        head(metric, "counter", "Calls of a function that have ended.", to: &page)
        for (name, reading) in functions {
            for (code, series) in reading.codes.sorted(by: { $0.key < $1.key }) {
                page += "\(metric){\(label(name)),code=\"\(code)\"} \(series.count)\n"
            }
        }
    }

    private static func started(
        _ functions: [(name: FunctionName, reading: FunctionMetrics.Reading)],
        to page: inout String
    ) {
        let metric = "gateway_function_invocation_started"
        head(metric, "counter", "Calls of a function that have begun.", to: &page)
        for (name, reading) in functions { page += "\(metric){\(label(name))} \(reading.started)\n" }
    }

    private static func durations(
        _ functions: [(name: FunctionName, reading: FunctionMetrics.Reading)],
        to page: inout String
    ) {
        let metric = "gateway_functions_seconds"
        head(metric, "histogram", "Time from a call's arrival to the end of its function.", to: &page)
        for (name, reading) in functions {
            for (code, series) in reading.codes.sorted(by: { $0.key < $1.key }) {
                let labels = "\(label(name)),code=\"\(code)\""
                var below = 0
                for (bound, count) in zip(FunctionMetrics.bucketSeconds, series.buckets) {
                    below += count
                    page += "\(metric)_bucket{\(labels),le=\"\(bound)\"} \(below)\n"
                }
                page += "\(metric)_bucket{\(labels),le=\"+Inf\"} \(series.count)\n"
                page += "\(metric)_sum{\(labels)} \(series.sumSeconds)\n"
                page += "\(metric)_count{\(labels)} \(series.count)\n"
            }
        }
    }

    private static func gauge(
        _ name: String,
        _ help: String,
        _ statuses: [FunctionStatus],
        to page: inout String,
        _ value: (FunctionStatus) -> Int
    ) {
        head(name, "gauge", help, to: &page)
        for status in statuses { page += "\(name){\(label(status.revision.function))} \(value(status))\n" }
    }
}
