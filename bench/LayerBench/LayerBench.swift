// SPDX-License-Identifier: Apache-2.0
// Times what lies below HTTP, each layer alone: a process, slots of the spawner, sandboxes in their slots.
// bench/layers runs it, beside the whole way, and makes the table.

import Foundation
import Logging
import NIOCore
import Sandbox

/// One line of JSON.
struct Row: Codable {
    var layer: String
    var what: String
    var microseconds: Double
    var perSecond: Double
}

struct BenchFailure: Error, CustomStringConvertible {
    var description: String
}

@main
enum LayerBench {
    /// The program in the image, and beside it on the host.
    private static let program = "/hello"
    /// As many as bench/run has connections.
    private static let manyAtOnce = 16
    /// More than the program writes.
    private static let outputBytesMax = 4096

    static func main() async {
        let words = CommandLine.arguments
        guard words.count == 4, let seconds = Double(words[3]) else {
            end(2, "usage: LayerBench DATA IMAGE SECONDS")
        }
        do {
            try await measure(data: words[1], image: words[2], for: .seconds(seconds))
        } catch {
            end(1, "LayerBench: \(error)")
        }
    }

    private static func end(_ code: Int32, _ text: String) -> Never {
        FileHandle.standardError.write(Data((text + "\n").utf8))
        exit(code)
    }

    private static func measure(data: String, image: String, for time: Duration) async throws {
        let spawner = try Spawner(dataDirectory: data, logger: Logger(label: "bench"))
        let plan = SandboxPlan(rootfs: data + "/rootfs/" + image, hostname: "bench")
        do {
            try await measure(spawner, plan, for: time)
        } catch {
            await spawner.stop()
            throw error
        }
        await spawner.stop()
    }

    private static func measure(_ spawner: Spawner, _ plan: SandboxPlan, for time: Duration) async throws {
        try await tell("none", "a process, its output and its end", for: time) {
            try HostProcess.run(plan.rootfs + program)
        }
        try await tell("spawner", "a slot, made and given back", for: time) {
            try await spawner.makeSlot(plan).retire()
        }
        var readOnly = plan
        readOnly.readOnlyRoot = true
        for (plan, root) in [(plan, "writable root"), (readOnly, "read-only root")] {
            for atOnce in [1, manyAtOnce] {
                var slots: [Slot] = []
                defer { for slot in slots { slot.retire() } }
                for _ in 0..<atOnce { slots.append(try await spawner.makeSlot(plan)) }
                let what = "a sandbox, \(root), \(atOnce) at once"
                try await tell("Sandbox", what, workers: slots, for: time) { try await run(in: $0) }
            }
        }
    }

    /// One sandbox as an invocation has it, without one.
    private static func run(in slot: Slot) async throws {
        let sandbox = try await slot.makeSandbox()
        try sandbox.release(SandboxCommand(arguments: [program], environment: []), preparesNext: true) { _ in
        }
        sandbox.closeInput()
        guard case .complete(let output, let report) = await sandbox.collect(upTo: outputBytesMax),
            report.ending == .exited(code: 0), output.readableBytes > 0
        else { throw BenchFailure(description: "a sandbox did not end as it should") }
    }

    // MARK: Time

    private static func tell(
        _ layer: String,
        _ what: String,
        for time: Duration,
        _ operation: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await tell(layer, what, workers: [0], for: time) { _ in try await operation() }
    }

    /// Repeats the operation with each worker until the time is over, and prints the median.
    private static func tell<Worker: Sendable>(
        _ layer: String,
        _ what: String,
        workers: [Worker],
        for time: Duration,
        _ operation: @escaping @Sendable (Worker) async throws -> Void
    ) async throws {
        let start = ContinuousClock.now
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for worker in workers {
                group.addTask {
                    var times: [Duration] = []
                    while times.isEmpty || start.duration(to: .now) < time {
                        times.append(try await ContinuousClock().measure { try await operation(worker) })
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let row = Row(
            layer: layer,
            what: what,
            microseconds: times.sorted()[times.count / 2] / .microseconds(1),
            perSecond: Double(times.count) / (start.duration(to: .now) / .seconds(1))
        )
        FileHandle.standardOutput.write(try JSONEncoder().encode(row) + Data("\n".utf8))
    }
}
