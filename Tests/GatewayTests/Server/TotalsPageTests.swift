// SPDX-License-Identifier: Apache-2.0
// The metrics of all invocations together and of the process.

import FoundationEssentials
import FunctionModel
import Scheduler
import Testing

@testable import Gateway

@Suite("The metrics of all invocations")
struct TotalsPageTests {
    private func record(_ outcome: Outcome, _ start: SandboxStart?) throws -> Invocation {
        var record = Invocation(
            id: "i",
            function: try FunctionName("f"),
            revision: 1,
            trigger: .schedule,
            startedAt: Date(timeIntervalSince1970: 0),
            outcome: outcome
        )
        record.queueMilliseconds = 0.2
        record.startMilliseconds = 2
        record.runMilliseconds = 70_000
        record.totalMilliseconds = -1
        record.start = start
        return record
    }

    @Test("are histograms of their parts, ends by trigger and outcome, and kinds of starts")
    func totals() throws {
        let totals = InvocationTotals()
        totals.count(try record(.ok, .warm))
        totals.count(try record(.ok, .cold))
        totals.count(try record(.platform, nil))
        var text = MetricsText()
        TotalsPage.write(totals.read(), to: &text)
        let lines = text.text.split(separator: "\n")
        for expected in [
            "# TYPE mayfly_invocation_queue_seconds histogram",
            "mayfly_invocation_queue_seconds_bucket{le=\"0.0001\"} 0",
            "mayfly_invocation_queue_seconds_bucket{le=\"0.00025\"} 3",
            "mayfly_invocation_start_seconds_bucket{le=\"0.001\"} 0",
            "mayfly_invocation_start_seconds_bucket{le=\"0.0025\"} 2",
            "mayfly_invocation_start_seconds_count 2",
            "mayfly_invocation_run_seconds_bucket{le=\"60.0\"} 0",
            "mayfly_invocation_run_seconds_bucket{le=\"+Inf\"} 2", "mayfly_invocation_run_seconds_sum 140.0",
            "mayfly_invocation_total_seconds_bucket{le=\"0.0001\"} 3",
            "mayfly_invocation_total_seconds_sum 0.0",
            "mayfly_invocations_total{trigger=\"schedule\",outcome=\"ok\"} 2",
            "mayfly_invocations_total{trigger=\"schedule\",outcome=\"platform\"} 1",
            "mayfly_starts_total{start=\"cold\"} 1", "mayfly_starts_total{start=\"warm\"} 1",
            "mayfly_starts_total{start=\"template\"} 0",
        ] {
            #expect(lines.contains(expected[...]), "\(expected)")
        }
    }

    @Test("the process's figures are read behind its name, whatever that holds")
    func process() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 30 12 13 14 15 16 7 18 19 4096 25 0"
        let figures = ProcessPage.figures(of: "77 (a) b) " + rest)
        #expect(figures == .init(processorTicks: 42, threads: 7, virtualBytes: 4096, residentPages: 25))
        #expect(ProcessPage.figures(of: "77 (a) S 1") == nil)
        #expect(ProcessPage.figures(of: "") == nil)
        var text = MetricsText()
        ProcessPage.write(version: "1.2.3", to: &text)
        let page = text.text
        #expect(page.contains("mayfly_build_info{version=\"1.2.3\"} 1\n"))
        #expect(page.contains("process_resident_memory_bytes ") && page.contains("process_open_fds "))
    }
}
