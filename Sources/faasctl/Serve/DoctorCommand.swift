// SPDX-License-Identifier: Apache-2.0
// `faasctl doctor`: what this host offers for containers and what it lacks, with advice.

import ArgumentParser
import Foundation
import GatewayAPI
import Logging
import Sandbox

/// One finding as programs read it.
private struct FindingRecord: Encodable {
    var level: String
    var name: String
    var advice: String
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this host's features for containers.",
        discussion: "Exits 1 when functions cannot run here. Needs no running gateway."
    )

    @Option(
        help: ArgumentHelp(
            "The gateway's data folder: its file system counts. Default: as serve.",
            valueName: "dir"
        )
    )
    var dataDir: String?

    @Flag(help: "The gateway may stay root where that cannot be given up, as with serve.")
    var allowRoot = false

    @Option(name: .shortAndLong, help: "Result as a table for people, or json or yaml for programs.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "List missing features only.")
    var quiet = false

    func run() async throws {
        // What it starts is taken apart again before a signal ends it.
        TerminationSignals.hold()
        _ = FileLimit.raise()
        let limits = StartLimits.ofThisProcess().finding
        // A helper that cannot start would be told as something else.
        let findings = [limits] + (limits.level == .ok ? try await probe() : [])
        let shown = findings.filter { !quiet || $0.level != .ok }
        let records = shown.map {
            FindingRecord(level: $0.level.rawValue, name: $0.name, advice: $0.advice)
        }
        let json = try APIJSON.encode(records)
        if let number = TerminationSignals.pending { throw QuietExit(exitCode: 128 + number) }
        try output.emit(json: json) { Self.table(records) }
        if findings.contains(where: { $0.level == .fatal }) { throw QuietExit(exitCode: 1) }
    }

    /// Starts the spawner on a folder of its own, so that a running gateway is not disturbed; on the data folder's
    /// file system, so that a start finds what this found.
    private func probe() async throws -> [HostFinding] {
        let environment = ProcessInfo.processInfo.environment
        let parent = DoctorPlace.parent(of: dataDir ?? DataFolder.path(environment: environment))
        let name = ".mayfly-doctor-\(ProcessInfo.processInfo.processIdentifier)"
        let directory = URL(fileURLWithPath: parent).appendingPathComponent(name).path
        let what = "cannot check this host"
        do {
            try FileManager.default.createDirectory(
                atPath: directory + "/rootfs",
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw CommandFailure(
                what,
                why: error.localizedDescription,
                next: "name the data folder with --data-dir"
            )
        }
        defer {
            do { try FileManager.default.removeItem(atPath: directory) } catch {
                Terminal.error.remark("faasctl: \(directory) stays behind: \(error.localizedDescription)")
            }
        }
        let logger = Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
        let spawner: Spawner
        do { spawner = try Spawner(dataDirectory: directory, logger: logger) } catch {
            throw CommandFailure(what, why: "\(error)")
        }
        let findings = spawner.findings
        await spawner.stop()
        return findings + (await PrivilegedStart.probe(in: directory + "/gateway", allowsRoot: allowRoot))
    }

    private static func table(_ records: [FindingRecord]) -> String {
        var table = Table("STATE", "WHAT", "ADVICE")
        for record in records { table.add(record.level, record.name, record.advice) }
        return table.text(colour: Terminal.output.hasColour)
    }
}
