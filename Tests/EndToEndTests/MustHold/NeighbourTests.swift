// SPDX-License-Identifier: Apache-2.0
// Functions that take what they can get: others go on as quickly, and the record says what happened.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct NeighbourTests {
        /// A harmful function, and how its end is reported.
        struct Neighbour: Sendable, CustomTestStringConvertible {
            var name: String
            var script: String
            var configuration: String
            /// Any of them: a shell that cannot fork ends, and one that just could is stopped.
            var outcomes: Set<String>
            var signal: Int?
            /// What the record names.
            var limits: [String]?
            /// What its log says; empty when the outcome says everything.
            var word = ""

            var testDescription: String { name }
        }

        /// Each is called again and again while another function's latency is measured.
        static let neighbours = [
            Neighbour(
                name: "fork-bomb",
                script: "f() { f | f & }; while :; do f; /bin/busybox usleep 1000; done",
                configuration: "limits: {pids: 64}\ntimeout: 2s",
                outcomes: ["exit", "timeout"],
                limits: ["pids"],
                word: "fork"
            ),
            Neighbour(
                name: "memory-hog",
                script: "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done",
                configuration: "limits: {memory: 64Mi}\ntimeout: 10s",
                outcomes: ["oom"],
                signal: 9,
                limits: ["memory"]
            ),
            Neighbour(
                name: "disk-filler",
                script: "exec /bin/busybox cp /dev/zero /tmp/file",
                configuration: "limits: {disk: 32Mi}\ntimeout: 10s",
                outcomes: ["exit"],
                limits: ["disk"],
                word: "No space left on device"
            ),
            Neighbour(
                name: "output-flood",
                script: "exec /bin/busybox cat /dev/zero",
                configuration: "limits: {output: 16Mi}\ntimeout: 10s",
                outcomes: ["signal"],
                signal: 9,
                limits: ["output"],
                word: "limits.output"
            ),
            Neighbour(
                name: "ignores-sigterm",
                script: "trap '' TERM; while :; do :; done",
                configuration: "timeout: 1s\ngrace: 500ms",
                outcomes: ["timeout"],
                signal: 9
            ),
        ]

        /// Twice is what the project promises, and what `bench/run --neighbours` measures with an optimized program.
        ///
        /// The program of the tests is not optimized: what it does for a flood takes it several times as long.
        private static let ratioMax = 3.0
        /// A loaded machine slows single measurements, never all of them in one direction.
        private static let attemptsMax = 15
        private static let callsPerMeasurement = 200

        @Test(
            "leaves other functions' latency bounded, and its limit is reported",
            arguments: neighbours
        )
        func harmless(neighbour: Neighbour) async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                let folder = try await Fixtures.shell(
                    neighbour.script,
                    name: neighbour.name,
                    configuration: neighbour.configuration
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                var best = Double.infinity
                for _ in 0..<Self.attemptsMax where best > Self.ratioMax {
                    best = min(best, try await Self.ratio(gateway, "/function/" + neighbour.name))
                }
                Figures.tell("\(neighbour.name): latency of others × \(String(format: "%.2f", best))")
                #expect(best <= Self.ratioMax)
                try await gateway.callFromOutside("/function/" + neighbour.name)
                try await Self.expectTold(neighbour, gateway)
            }
        }

        /// Median latency of hello while the neighbour runs, divided by that before and afterwards.
        private static func ratio(_ gateway: GatewayUnderTest, _ path: String) async throws -> Double {
            let before = try await median(gateway)
            var beside = Duration.zero
            try await gateway.underLoadFromOutside(path) {
                // The first one is on its way.
                try await Task.sleep(for: .milliseconds(300))
                beside = try await median(gateway)
            }
            let afterwards = try await median(gateway)
            return beside / max(before, afterwards)
        }

        private static func median(_ gateway: GatewayUnderTest) async throws -> Duration {
            var times: [Duration] = []
            for _ in 0..<callsPerMeasurement {
                let start = ContinuousClock.now
                #expect(try await gateway.call("/hello").status == 200)
                times.append(ContinuousClock.now - start)
            }
            return times.sorted()[times.count / 2]
        }

        private static func expectTold(_ neighbour: Neighbour, _ gateway: GatewayUnderTest) async throws {
            // The newest may have been cut off by the end of the load.
            let records = try await gateway.invocations(neighbour.name).filter { $0.outcome != "cancelled" }
            let record = try #require(records.first)
            #expect(neighbour.outcomes.contains(record.outcome), "\(record.outcome)")
            if let signal = neighbour.signal { #expect(record.signal == signal) }
            #expect(record.limitsReached == neighbour.limits)
            guard !neighbour.word.isEmpty else { return }
            let log = try await gateway.require("logs", neighbour.name, "--tail", "200")
            #expect(log.contains(neighbour.word), "\(log.suffix(400))")
        }
    }
}
