// SPDX-License-Identifier: Apache-2.0
// The distribution's own registry and skopeo, started for one test. The tool suite drives them.

import Foundation
import Glibc

@testable import HTTPClient

enum RegistryTool {
    static func path(_ name: String) -> String? {
        ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { $0 + name }.first { access($0, X_OK) == 0 }
    }

    static let hasRegistry = path("docker-registry") != nil && path("skopeo") != nil

    /// Runs a program to its end, bounded, and gives its output.
    @discardableResult
    static func run(_ name: String, _ arguments: [String], in folder: String) async throws -> String {
        guard let executable = path(name) else { throw RegistryToolError.missing(name) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let outputPath = folder + "/output-\(UInt64.random(in: 0 ... .max))"
        try Data().write(to: URL(fileURLWithPath: outputPath))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        for _ in 0..<1200 where process.isRunning { try await Task.sleep(for: .milliseconds(50)) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        let text =
            FileManager.default.contents(atPath: outputPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard process.terminationStatus == 0 else { throw RegistryToolError.failed(name, text) }
        return text
    }
}

enum RegistryToolError: Error {
    case missing(String)
    case failed(String, String)
    case silent
}

/// One docker-registry on a free port, with its content in a folder; killed with its owner.
final class RegistryProcess {
    static let user = "ada"
    static let password = "s3cret"
    /// bcrypt of the password, the one form that the program takes.
    private static let passwordLine = "ada:$2b$04$0lSMuwlQZOUvUH/UprEBieukzblEahlcJpREUD30XdK7a8D.oYx9q\n"

    private let process = Process()
    let host: String

    init(folder: String, asksPassword: Bool = false) async throws {
        let probe = try TestServer { _ in TestReply(404) }
        let port = probe.port
        probe.stop()
        host = "127.0.0.1:\(port)"
        var configuration = """
            version: 0.1
            storage: {filesystem: {rootdirectory: \(folder)/registry}, delete: {enabled: true}}
            http: {addr: 127.0.0.1:\(port)}
            log: {level: error, accesslog: {disabled: true}}

            """
        if asksPassword {
            try Data(Self.passwordLine.utf8).write(to: URL(fileURLWithPath: folder + "/htpasswd"))
            configuration += "auth: {htpasswd: {realm: test, path: \(folder)/htpasswd}}\n"
        }
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: folder + "/registry.yml"))
        process.executableURL = URL(fileURLWithPath: RegistryTool.path("docker-registry") ?? "")
        process.arguments = ["serve", folder + "/registry.yml"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let lane = HTTPLane(idleTimeoutSeconds: 5)
        guard let url = URL(string: "http://\(host)/v2/") else { throw RegistryToolError.silent }
        for _ in 0..<200 {
            let sink = CollectingSink(limitBytes: 1 << 16)
            if case .success = await lane.perform(HTTPRequest("GET", url), into: sink) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RegistryToolError.silent
    }

    deinit {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
