// SPDX-License-Identifier: Apache-2.0
// The Prometheus page as a golden text, and over HTTP.

import FunctionModel
import Scheduler
import Testing

@testable import Gateway

@Suite struct MetricsTests {
    @Test("counters of a function make OpenFaaS's series")
    func page() throws {
        let revision = try makeRevision("f")
        let metrics = FunctionMetrics()
        metrics.began()
        metrics.began()
        metrics.ended(status: 200, seconds: 0.25)
        metrics.ended(status: 500, seconds: 100)
        var status = FunctionStatus(revision: revision)
        status.warm = 2
        status.running = 1
        let lines = MetricsPage.text([(revision.function, metrics.read())], [status]).split(separator: "\n")
        let labels = "function_name=\"f.openfaas-fn\""
        for expected in [
            "# TYPE gateway_function_invocation_total counter",
            "gateway_function_invocation_total{\(labels),code=\"200\"} 1",
            "gateway_function_invocation_total{\(labels),code=\"500\"} 1",
            "gateway_function_invocation_started{\(labels)} 2",
            "# TYPE gateway_functions_seconds histogram",
            "gateway_functions_seconds_bucket{\(labels),code=\"200\",le=\"0.1\"} 0",
            "gateway_functions_seconds_bucket{\(labels),code=\"200\",le=\"0.25\"} 1",
            "gateway_functions_seconds_bucket{\(labels),code=\"200\",le=\"60.0\"} 1",
            "gateway_functions_seconds_bucket{\(labels),code=\"500\",le=\"60.0\"} 0",
            "gateway_functions_seconds_bucket{\(labels),code=\"500\",le=\"+Inf\"} 1",
            "gateway_functions_seconds_sum{\(labels),code=\"200\"} 0.25",
            "gateway_functions_seconds_count{\(labels),code=\"500\"} 1",
            "gateway_service_count{\(labels)} 3",
            "mayfly_pool_ready{\(labels)} 2",
            "mayfly_pool_running{\(labels)} 1",
            "mayfly_pool_waiting{\(labels)} 0",
        ] {
            #expect(lines.contains(expected[...]), "\(expected)")
        }
    }

    @Test("calls are counted by status, and unknown names make no series")
    func calls() async throws {
        try await TestGateway.run { gateway in
            _ = try await gateway.client.send("GET", "/function/hello")
            _ = try await gateway.client.send("GET", "/function/nobody")
            let answer = try await gateway.client.send("GET", "/metrics")
            #expect(answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(
                answer.body.contains(
                    "gateway_function_invocation_total{function_name=\"hello.openfaas-fn\",code=\"200\"} 1\n"
                )
            )
            #expect(!answer.body.contains("nobody"))
        }
    }
}
