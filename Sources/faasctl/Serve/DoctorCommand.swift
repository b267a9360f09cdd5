// SPDX-License-Identifier: Apache-2.0
// `faasctl doctor`: reports the features of this host for containers, with advice for missing ones.

import ArgumentParser
import Foundation
import GatewayAPI
import Server

/// One finding in the JSON output.
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

    @Flag(help: "The gateway may run as root where it cannot give up root, as with serve.")
    var allowRoot = false

    @Option(name: .shortAndLong, help: "Result as a table for people, or json or yaml for programs.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "List missing features only.")
    var quiet = false

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let findings: [HostCheck.Finding]
        do throws(ServerError) {
            findings = try await HostCheck.run(
                dataDirectory: dataDir ?? DataFolder.path(environment: environment),
                allowsRoot: allowRoot
            ) { Terminal.error.remark("faasctl: \($0)") }
        } catch {
            throw CommandFailure(error)
        }
        let shown = findings.filter { !quiet || $0.level != .ok }
        let records = shown.map {
            FindingRecord(level: $0.level.rawValue, name: $0.name, advice: $0.advice)
        }
        let json = try APIJSON.encode(records)
        if let number = TerminationSignals.pending { throw QuietExit(exitCode: 128 + number) }
        try output.emit(json: json) { Self.table(records) }
        if findings.contains(where: { $0.level == .fatal }) { throw QuietExit(exitCode: 1) }
    }

    private static func table(_ records: [FindingRecord]) -> String {
        var table = Table("STATE", "WHAT", "ADVICE")
        for record in records { table.add(record.level, record.name, record.advice) }
        return table.text(colour: Terminal.output.hasColour)
    }
}
