// SPDX-License-Identifier: Apache-2.0
// Containers that come into networks and leave them, while they run and while they rest.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct NetworkChangeTests {
        @Test("connect and disconnect change who reaches whom, of containers that run, rest and come back")
        func changes() async throws {
            try await NetworkTests.with { gateway in
                for name in ["red", "blue"] { try await gateway.requireLine("network create \(name)") }
                try await gateway.requireLine("run -d --name near --network red box")
                try await gateway.requireLine(
                    "run -d --name server --network blue box sh -c",
                    NetworkTests.server
                )
                #expect(try await gateway.line("exec near getent hosts server").code != 0)
                try await gateway.requireLine("network connect --alias web blue near")
                try await gateway.requireLine("network connect --alias shop red server")
                for name in ["server", "shop"] {
                    let text = try await gateway.requireLine(
                        "exec near sh -c",
                        NetworkTests.fetch("\(name):5000")
                    )
                    #expect(text.count == 13, "\(name)")
                }
                #expect(try await gateway.requireLine("exec server getent hosts web").hasPrefix("172.30.1.3"))
                let twice = try await gateway.line("network connect blue near")
                #expect(twice.code == 1 && twice.error.contains("is in network blue already"), "\(twice)")
                try await cut(gateway)

                // One that rests, and one that never had a network.
                try await gateway.requireLine("run -d --name lone box")
                let running = try await gateway.line("network connect red lone")
                #expect(
                    running.code == 1 && running.error.contains("was started without a network"),
                    "\(running)"
                )
                try await gateway.requireLine("stop -t 0 lone")
                try await gateway.requireLine("network connect --alias single red lone")
                try await gateway.requireLine("start lone")
                let text = try await gateway.requireLine("exec lone sh -c", NetworkTests.fetch("shop:5000"))
                #expect(text.count == 13)
                #expect(try await gateway.requireLine("exec near getent hosts single").contains("single"))
                #expect(try await gateway.line("network rm red").error.contains("in use"))
            }
        }

        /// A connection that is open ends when one of its ends leaves the network, and no other comes about.
        private func cut(_ gateway: GatewayUnderTest) async throws {
            // Its first address; it has another one in the other network by now.
            let address = "172.30.1.2"
            #expect(try await gateway.requireLine("exec near cat /etc/hosts").contains("\(address)\tserver"))
            // It sends nothing, and not its end either.
            let open = "mkfifo /tmp/f; nc \(address) 5000 < /tmp/f & exec 3> /tmp/f; wait $!"
            let waiting = Task { try await gateway.line("exec near sh -c", open) }
            let count = "netstat -tn | grep -c '\(address):5000 *ESTABLISHED'"
            for _ in 0..<200 {
                if try await gateway.line("exec near sh -c", count).text == "1\n" { break }
                try await Task.sleep(for: .milliseconds(25))
            }
            #expect(try await gateway.line("exec near sh -c", count).text == "1\n")
            let began = ContinuousClock.now
            try await gateway.requireLine("network disconnect blue server")
            _ = try await waiting.value
            #expect(ContinuousClock.now - began < .seconds(5))
            let again = try await gateway.line(
                "exec near sh -c",
                "printf 'GET /\r\n\r\n' | nc \(address) 5000"
            )
            #expect(again.text.isEmpty, "\(again)")
            #expect(try await !gateway.requireLine("exec server cat /etc/hosts").contains("172.30.1."))
            // Through the other one they still meet.
            let text = try await gateway.requireLine("exec near sh -c", NetworkTests.fetch("server:5000"))
            #expect(text.count == 13)
            let gone = try await gateway.line("network disconnect blue server")
            #expect(gone.code == 1 && gone.error.contains("is not connected to network blue"), "\(gone)")
            try await gateway.requireLine("pause near")
            let paused = try await gateway.line("network disconnect blue near")
            #expect(paused.code == 1 && paused.error.contains("is paused"), "\(paused)")
            try await gateway.requireLine("network disconnect -f blue near")
            try await gateway.requireLine("unpause near")
            #expect(try await !gateway.requireLine("exec near ip addr show lo").contains("172.30.1."))
            try await gateway.requireLine("network rm blue")
            #expect(
                try await gateway.requireLine("ps --filter network=red --format {{.Networks}}")
                    == "red\nred\n"
            )
        }
    }
}
