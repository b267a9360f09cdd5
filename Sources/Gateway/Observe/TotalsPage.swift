// SPDX-License-Identifier: Apache-2.0
// The part of the Prometheus page about all invocations together, and about the process. MetricsAPI appends it.

import FoundationEssentials
import FunctionModel
import Glibc
import Scheduler

/// Histograms of the parts of invocations; counts of their ends and starts.
enum TotalsPage {
    private static let boundLabels = TimeHistogram.boundsSeconds.map(\.description)

    /// The lines; labels sorted, so that two readings compare.
    static func write(_ reading: InvocationTotals.Reading, to page: inout MetricsText) {
        let parts = [
            ("queue", "Time that invocations waited for a sandbox.", reading.queue),
            ("start", "Time from a sandbox to the execution of its program.", reading.start),
            ("run", "Time that programs ran.", reading.run),
            ("total", "Time from arrival to end.", reading.total),
        ]
        for (name, help, histogram) in parts {
            let name = "mayfly_invocation_\(name)_seconds"
            page.family(name, .histogram, help)
            page.histogram(
                name,
                "",
                bounds: boundLabels,
                counts: histogram.counts,
                sum: histogram.sumSeconds
            )
        }
        let ends = "mayfly_invocations_total"
        page.family(ends, .counter, "Invocations by trigger and outcome.")
        for (end, count) in reading.ends.map({ (labels($0.key), $0.value) }).sorted(by: { $0.0 < $1.0 }) {
            page.sample(ends, end, count)
        }
        let starts = "mayfly_starts_total"
        page.family(starts, .counter, "Invocations by how they got their sandbox.")
        for start in SandboxStart.allCases {
            page.sample(starts, "start=\"\(start.rawValue)\"", reading.starts[start] ?? 0)
        }
    }

    private static func labels(_ end: InvocationTotals.End) -> String {
        "trigger=\"\(end.trigger.rawValue)\",outcome=\"\(end.outcome.rawValue)\""
    }
}

/// What Prometheus's clients tell of their process, under the names that dashboards know, and the version.
enum ProcessPage {
    /// The lines; without those that this host's /proc does not tell.
    static func write(version: String, to page: inout MetricsText) {
        let build = "mayfly_build_info"
        page.family(build, .gauge, "The version of the gateway.")
        page.sample(build, "version=\"\(version)\"", 1)
        guard let data = FileManager.default.contents(atPath: "/proc/self/stat"),
            let figures = figures(of: String(decoding: data, as: UTF8.self))
        else { return }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let processor = Double(figures.processorTicks) / ticks
        page.family("process_cpu_seconds_total", .counter, "Processor time of the gateway.")
        page.sample("process_cpu_seconds_total", "", processor)
        let memory = figures.residentPages * Int(getpagesize())
        gauge("process_resident_memory_bytes", "Memory of the gateway.", memory, to: &page)
        gauge(
            "process_virtual_memory_bytes",
            "Address space of the gateway.",
            figures.virtualBytes,
            to: &page
        )
        gauge("process_threads", "Threads of the gateway.", figures.threads, to: &page)
        if let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            gauge("process_open_fds", "Open descriptors of the gateway.", names.count, to: &page)
        }
    }

    /// Of /proc/PID/stat (proc_pid_stat(5)).
    struct Figures: Hashable {
        var processorTicks: Int
        var threads: Int
        var virtualBytes: Int
        var residentPages: Int
    }

    /// Reads the fields behind the program's name, which may hold anything.
    static func figures(of text: String) -> Figures? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace).map { Int($0) }
        // The first of these fields is the third of the file.
        func field(_ number: Int) -> Int? { number - 3 < fields.count ? fields[number - 3] : nil }
        guard let user = field(14), let system = field(15), let threads = field(20), let virtual = field(23),
            let resident = field(24)
        else { return nil }
        return Figures(
            processorTicks: user + system,
            threads: threads,
            virtualBytes: virtual,
            residentPages: resident
        )
    }

    private static func gauge(_ name: String, _ help: String, _ value: Int, to page: inout MetricsText) {
        page.family(name, .gauge, help)
        page.sample(name, "", value)
    }
}
