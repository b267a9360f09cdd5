// SPDX-License-Identifier: Apache-2.0
// What this host offers for containers and what it lacks. faasctl doctor shows it.

import Foundation
import Logging
import Sandbox

/// Probes the features that a gateway needs, without disturbing a running one.
package enum HostCheck {
    /// One feature of the host.
    package struct Finding: Hashable, Sendable {
        /// How bad it is.
        package enum Level: String, Hashable, Sendable {
            case ok, missing, fatal
        }

        package var level: Level
        package var name: String
        /// What is lost, and what to do about it; empty for what is there.
        package var advice: String

        init(_ finding: HostFinding) {
            level =
                switch finding.level {
                case .ok: .ok
                case .missing: .missing
                case .fatal: .fatal
                }
            name = finding.name
            advice = finding.advice
        }
    }

    /// Checks the host; suspends for some seconds.
    ///
    /// Signals that end the process are held meanwhile: ``TerminationSignals/pending`` has the first.
    ///
    /// - Parameters:
    ///   - dataDirectory: the gateway's data folder, whose file system counts; it may be absent.
    ///   - allowsRoot: whether the gateway may stay root.
    ///   - warn: takes what the check could not clean up.
    /// - Returns: every feature that was tried.
    /// - Throws: ``ServerError`` when nothing can be tried.
    package static func run(
        dataDirectory: String,
        allowsRoot: Bool,
        warn: (String) -> Void
    ) async throws(ServerError) -> [Finding] {
        // The processes that it starts are ended before a signal ends it.
        TerminationSignals.hold()
        _ = FileLimit.raise()
        let limits = StartLimits.ofThisProcess().finding
        // A helper that cannot start would be reported as a different failure.
        guard limits.level == .ok else { return [Finding(limits)] }
        let findings = [limits] + (try await probe(dataDirectory, allowsRoot: allowsRoot, warn))
        return findings.map(Finding.init)
    }

    /// Starts the spawner on a folder of its own, so that a running gateway is not disturbed; on the data folder's
    /// file system, so that a start finds what this found.
    private static func probe(
        _ dataDirectory: String,
        allowsRoot: Bool,
        _ warn: (String) -> Void
    ) async throws(ServerError) -> [HostFinding] {
        let parent = DoctorPlace.parent(of: dataDirectory)
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
            throw ServerError(
                what,
                why: error.localizedDescription,
                next: "name the data folder with --data-dir"
            )
        }
        defer {
            do { try FileManager.default.removeItem(atPath: directory) } catch {
                warn("\(directory) stays behind: \(error.localizedDescription)")
            }
        }
        let logger = Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
        let spawner: Spawner
        do { spawner = try Spawner(dataDirectory: directory, logger: logger) } catch {
            throw ServerError(what, why: "\(error)")
        }
        let findings = spawner.findings
        await spawner.stop()
        return findings + (await PrivilegedStart.probe(in: directory + "/gateway", allowsRoot: allowsRoot))
    }
}
