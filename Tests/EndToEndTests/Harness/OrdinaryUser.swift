// SPDX-License-Identifier: Apache-2.0
// A gateway of an unprivileged user: the user of the tests, or `nobody` when that is root.

import Foundation
import Glibc

/// The user that the gateway runs as, and its folder.
enum OrdinaryUser {
    /// The id of the unprivileged user `nobody` of every system.
    private static let nobody = "65534"

    /// Whether user namespaces are to be had at all: some distributions forbid them.
    static let hasNamespaces: Bool = {
        let words = wrapper() + ["unshare", "--user", "--map-root-user", "true"]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardError = FileHandle.nullDevice
        guard (try? process.start()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Whether this user has a range of ids in /etc/subuid, and newuidmap.
    static let hasRange: Bool = {
        // On a system without the file no user has a range.
        let text = (try? String(contentsOfFile: "/etc/subuid", encoding: .utf8)) ?? ""
        let isNamed = text.split(separator: "\n").contains { $0.hasPrefix(NSUserName() + ":") }
        return !Fixtures.isRoot && isNamed && access("/usr/bin/newuidmap", X_OK) == 0
    }()

    private static func wrapper() -> [String] {
        Fixtures.isRoot ? ["setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups"] : []
    }

    /// Starts a gateway as an ordinary user, hands it over, stops it and removes everything.
    ///
    /// `namespace` are further words in front of the program, for example `unshare`.
    static func with(
        namespace: [String] = [],
        _ body: (GatewayUnderTest) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let data = folder.url.appendingPathComponent("data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        if Fixtures.isRoot { try await Command.require("chown", "\(nobody):\(nobody)", data.path) }
        // The build may lie where only root may look.
        let program = folder.url.appendingPathComponent("faasctl")
        try FileManager.default.copyItem(atPath: Fixtures.faasctl, toPath: program.path)
        let helper = URL(fileURLWithPath: Fixtures.faasctl).deletingLastPathComponent()
            .appendingPathComponent("CSpawner")
        try FileManager.default.copyItem(at: helper, to: folder.url.appendingPathComponent("CSpawner"))
        let gateway = try await GatewayUnderTest(
            dataFolder: data.path,
            wrapper: wrapper() + namespace,
            program: program.path
        )
        do {
            try await body(gateway)
            await gateway.stop()
        } catch {
            await gateway.stop()
            throw error
        }
    }
}
