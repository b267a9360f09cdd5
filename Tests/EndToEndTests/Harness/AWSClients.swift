// SPDX-License-Identifier: Apache-2.0
// AWS's own clients from PyPI, and an image with AWS's runtime client.

import Foundation

/// What scripts/aws-clients installs, once, beside the build.
enum AWSClients {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let folder = Task {
        let folder = URL(fileURLWithPath: Fixtures.faasctl).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("aws-clients")
        let script = sources.appendingPathComponent("scripts/aws-clients").path
        let result = try await Command.run("/usr/bin/env", ["bash", script, folder.path])
        guard result.code == 0 else { throw HarnessError("no clients of AWS: \(result.error)") }
        return folder
    }

    /// A program of the clients' environment.
    static func program(_ name: String) async throws -> String {
        try await folder.value.appendingPathComponent("venv/bin/" + name).path
    }

    /// A script of the tests' folder Programs.
    static func script(_ name: String) -> String {
        sources.appendingPathComponent("Tests/EndToEndTests/Programs/" + name).path
    }

    /// Builds the image of a runtime on Debian's Python: AWS's runtime client, with `/var/task` for the code.
    static func buildRuntime(_ gateway: GatewayUnderTest, base: String, tag: String) async throws {
        let context = try TemporaryFolder()
        defer { context.remove() }
        let runtime = try await folder.value.appendingPathComponent("runtime")
        try FileManager.default.copyItem(at: runtime, to: context.url.appendingPathComponent("runtime"))
        try context.write(
            """
            FROM \(base)
            COPY runtime /opt/python
            ENV PYTHONPATH=/opt/python
            WORKDIR /var/task
            ENTRYPOINT ["python3", "-m", "awslambdaric"]

            """,
            to: "Dockerfile"
        )
        try await gateway.require("build", context.url.path, "-t", tag)
    }
}
