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
        var load = FunctionLoad(revision.function)
        load.warm = 2
        load.running = 1
        var text = MetricsText()
        MetricsPage.write([(revision.function, metrics.read())], [load], to: &text)
        let lines = text.text.split(separator: "\n")
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

    @Test("OpenMetrics has its own names of counters, an end, and exemplars of traced calls")
    func openMetrics() throws {
        let name = try FunctionName("f")
        let metrics = FunctionMetrics()
        let trace = "0af7651916cd43dd8448eb211c80319c"
        metrics.began()
        metrics.ended(status: 200, seconds: 0.002, traceID: trace)
        metrics.ended(status: 200, seconds: 0.25)
        var text = MetricsText(.openMetrics)
        MetricsPage.write([(name, metrics.read())], [], to: &text)
        text.finish()
        let lines = text.text.split(separator: "\n")
        let labels = "function_name=\"f.openfaas-fn\""
        let bucket = "gateway_functions_seconds_bucket{\(labels),code=\"200\",le="
        for expected in [
            "# TYPE gateway_function_invocation counter",
            "# TYPE gateway_function_invocation_started unknown",
            "# TYPE gateway_functions_seconds histogram",
            "gateway_function_invocation_total{\(labels),code=\"200\"} 2", "\(bucket)\"0.001\"} 0",
            "\(bucket)\"0.25\"} 2",
        ] {
            #expect(lines.contains(expected[...]), "\(expected)")
        }
        let traced = lines.filter { $0.contains(" # ") }
        #expect(traced.count == 1 && lines.last == "# EOF")
        let line = try #require(traced.first)
        let parts = line.split(separator: " ")
        #expect(line.hasPrefix("\(bucket)\"0.0025\"} 1 # {trace_id=\"\(trace)\"} 0.002 "))
        let time = try #require(parts.last.flatMap { Double($0) })
        #expect(abs(time - Double(WallTime.now().seconds)) < 60)
        var plain = MetricsText()
        MetricsPage.write([(name, metrics.read())], [], to: &plain)
        plain.finish()
        #expect(!plain.text.contains("trace_id") && !plain.text.contains("EOF"))
    }

    @Test(
        "the format is the one that the scraper prefers",
        arguments: [
            (nil, .prometheus), ("*/*", .prometheus), ("text/plain", .prometheus),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", .openMetrics),
            ("text/plain, application/openmetrics-text; q=0.2", .prometheus),
            ("Application/OpenMetrics-Text; q=0", .prometheus),
        ] as [(String?, MetricsText.Format)]
    )
    func format(accept: String?, format: MetricsText.Format) {
        #expect(MetricsText.Format(accept: accept) == format)
    }

    @Test("metrics have a listener of their own, and the main one has none")
    func ownListener() async throws {
        try await TestGateway.run(.ending(.ok), nil, { $0.metrics = .init(host: "127.0.0.1", port: 0) }) {
            gateway in
            let metrics = try #require(gateway.metrics)
            let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
            _ = try await gateway.client.send("GET", "/function/hello", headers: [trace + "1"])
            _ = try await gateway.client.send("GET", "/function/hello", headers: [trace + "0"])
            #expect(try await gateway.client.send("GET", "/metrics").status == 404)
            let accept = "Accept: application/openmetrics-text"
            let answer = try await metrics.send("GET", "/metrics", headers: [accept])
            #expect(answer.status == 200)
            #expect(answer["content-type"] == MetricsText.Format.openMetrics.contentType)
            #expect(answer.body.contains("code=\"200\"} 2\n") && answer.body.hasSuffix("# EOF\n"))
            // The second call's trace is not sampled.
            #expect(answer.body.split(separator: "\n").filter { $0.contains("trace_id=") }.count == 1)
            #expect(try await metrics.send("HEAD", "/metrics").bytes.isEmpty)
            #expect(try await metrics.send("POST", "/metrics", body: "x").status == 405)
            for path in ["/", "/healthz", "/function/hello", "/system/functions", "/metrics/x"] {
                #expect(try await metrics.send("GET", path).status == 404, "\(path)")
            }
        }
        let change: (inout GatewayConfiguration) -> Void = {
            $0.metrics = .init(host: "127.0.0.1", port: 0)
            $0.metricsNeedCredentials = true
        }
        try await TestGateway.run(.ending(.ok), nil, change) { gateway in
            let metrics = try #require(gateway.metrics)
            #expect(try await metrics.send("GET", "/metrics").status == 401)
            let credentials = [TestGateway.authorization]
            #expect(try await metrics.send("GET", "/metrics", headers: credentials).status == 200)
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
