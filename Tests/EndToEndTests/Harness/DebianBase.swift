// SPDX-License-Identifier: Apache-2.0
// A distribution's root as an image: what users' own programs run on.

import Foundation

/// The Debian root that scripts/debian-base makes.
enum DebianBase {
    /// The root as a tar file, made once and kept beside the build.
    private static let file = Task {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = URL(fileURLWithPath: Fixtures.faasctl).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("debian-base.tar")
        let script = sources.appendingPathComponent("scripts/debian-base").path
        let result = try await Command.run("/usr/bin/env", ["bash", script, file.path])
        guard result.code == 0 else { throw HarnessError("no Debian base: \(result.error)") }
        return file
    }

    /// Runs a gateway that has the root as an image.
    ///
    /// - Parameters:
    ///   - tag: the image's reference.
    ///   - arguments: more flags of `serve`.
    ///   - body: what the test does.
    /// - Throws: HarnessError when there is no root or no gateway; what `body` throws.
    static func with(tag: String, arguments: [String] = [], _ body: (GatewayUnderTest) async throws -> Void)
        async throws
    {
        let base = try await file.value
        try await GatewayUnderTest.with(arguments: arguments) { gateway in
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try place(base, at: folder.url.appendingPathComponent("base.tar"))
            try folder.write("FROM scratch\nADD base.tar /\nCMD [\"bash\"]\n", to: "Dockerfile")
            try await gateway.require("build", folder.url.path, "-t", tag)
            try await body(gateway)
        }
    }

    /// A second name of the file; a copy where the folder is on another file system.
    private static func place(_ base: URL, at path: URL) throws {
        do { try FileManager.default.linkItem(at: base, to: path) } catch {
            try FileManager.default.copyItem(at: base, to: path)
        }
    }
}
