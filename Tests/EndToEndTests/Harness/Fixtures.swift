// SPDX-License-Identifier: Apache-2.0
// The program under test and the example functions, built once per test run into a folder of their own.

import Foundation
import Testing

/// Where things are.
enum Fixtures {
    /// faasctl as the same build made it: beside the test bundle.
    static let faasctl: String = {
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appendingPathComponent("faasctl").path
    }()

    /// Whether whole containers can be made: everything else of the suite needs this.
    static let isRoot = geteuid() == 0

    /// What the runner shows for suites that did not run.
    static let rootComment: Comment = "needs root: real containers with full isolation"

    private static let sources = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("functions")

    /// A copy of functions/ with its programs built; the sources may be read-only.
    private static let functions = Task {
        let folder = try TemporaryFolder()
        temporaryFunctions = folder.url.path
        atexit { _ = try? FileManager.default.removeItem(atPath: temporaryFunctions) }
        // With their times: what is built already stays built.
        try await Command.require("cp", "-R", "-p", "\(sources.path)/.", folder.url.path)
        try await Command.require("make", "-s", "-C", folder.url.path)
        return folder.url
    }

    /// SAFETY: written once, by the task above, before the exit handler that reads it is registered.
    nonisolated(unsafe) private static var temporaryFunctions = ""

    /// The folder of an example function, ready to deploy.
    static func function(_ name: String) async throws -> String {
        try await functions.value.appendingPathComponent(name).path
    }

    /// A folder with busybox, a shell script as CMD and a function.yaml.
    static func shell(
        _ script: String,
        name: String,
        configuration: String = ""
    ) async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let busybox = try await function("echo") + "/busybox"
        try FileManager.default.copyItem(
            atPath: busybox,
            toPath: folder.url.appendingPathComponent("busybox").path
        )
        try folder.write(script, to: "run")
        try folder.write(
            """
            FROM scratch
            COPY busybox /bin/busybox
            COPY run /run.sh
            CMD ["/bin/busybox", "sh", "/run.sh"]

            """,
            to: "Dockerfile"
        )
        try folder.write("name: \(name)\nbuild: .\n\(configuration)\n", to: "function.yaml")
        return folder
    }
}

/// Figures that a reader of the test's log wants to see.
enum Figures {
    static func tell(_ text: String) {
        FileHandle.standardError.write(Data("  figures: \(text)\n".utf8))
    }
}
