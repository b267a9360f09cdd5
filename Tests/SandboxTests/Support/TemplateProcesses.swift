// SPDX-License-Identifier: Apache-2.0
// The processes of a slot with a template, as the host's /proc shows them.

import Foundation
import Glibc
import Testing

@testable import Sandbox

extension TemplateHost {
    /// The process of the only slot that is bound.
    var slotProcess: pid_t? {
        Self.children(of: host.spawner.processID).first { !Self.children(of: $0).isEmpty }
    }

    /// Whether a template is a child of the spawner, which inherits the children of a dead slot.
    var hasOrphanedTemplate: Bool {
        Self.children(of: host.spawner.processID).contains { Self.text($0, "comm") == "template\n" }
    }

    /// Waits until the spawner has no descendant except its own.
    func waitForNoSlot() async throws {
        let deadline = ContinuousClock.now + .seconds(5)
        while slotProcess != nil || hasOrphanedTemplate {
            guard ContinuousClock.now < deadline else {
                Issue.record("a slot or its template is left")
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The stopped template of a slot's process.
    static func template(of process: pid_t) -> pid_t? {
        children(of: process).first { text($0, "status").contains("State:\tt") }
    }

    static func children(of process: pid_t) -> [pid_t] {
        text(process, "task/\(process)/children").split(separator: " ").compactMap { pid_t($0) }
    }

    /// Descriptors, mounts and children of a slot's process.
    static func possessions(of process: pid_t) throws -> String {
        let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").sorted()
        let mounts = text(process, "mountinfo").split(separator: "\n").count
        return "\(files) \(mounts) \(children(of: process).count)"
    }

    /// What a slot has once it has tidied up after a copy: two samples in a row are the same, and as `expected`; after
    /// two seconds without, the last sample.
    static func settledPossessions(of process: pid_t, as expected: String?) async throws -> String {
        var last = try possessions(of: process)
        for _ in 0..<100 {
            try await Task.sleep(for: .milliseconds(20))
            let now = try possessions(of: process)
            if now == last, now == expected ?? now { break }
            last = now
        }
        return last
    }

    /// The private writable memory of a stopped process.
    static func memory(of process: pid_t) throws -> [UInt8] {
        let file = open("/proc/\(process)/mem", O_RDONLY)
        guard file >= 0 else { throw CocoaError(.fileReadNoPermission) }
        defer { close(file) }
        var found: [UInt8] = []
        for line in text(process, "maps").split(separator: "\n") where line.contains(" rw-p ") {
            let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { Int($0, radix: 16) }
            var bytes = [UInt8](repeating: 0, count: ends[1] - ends[0])
            guard pread(file, &bytes, bytes.count, off_t(ends[0])) == bytes.count else {
                throw CocoaError(.fileReadCorruptFile)
            }
            found += bytes
        }
        return found
    }

    /// Whether two states of a process's memory are the same, except for one structure of rseq(2), 32 bytes, in which
    /// the kernel notes the processor whenever the process runs.
    static func isUnharmed(_ before: [UInt8], _ after: [UInt8]) -> Bool {
        guard before.count == after.count else { return false }
        let changed = before.indices.filter { before[$0] != after[$0] }
        guard let first = changed.first, let last = changed.last else { return true }
        return last / 32 == first / 32
    }

    private static func text(_ process: pid_t, _ name: String) -> String {
        (try? String(contentsOfFile: "/proc/\(process)/\(name)", encoding: .utf8)) ?? ""
    }
}
