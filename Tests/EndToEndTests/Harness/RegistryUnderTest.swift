// SPDX-License-Identifier: Apache-2.0
// The distribution's docker-registry on a free port, with its content in a folder of its own.

import Foundation
import Synchronization

/// A registry for the time of one test; call ``stop()``.
final class RegistryUnderTest: Sendable {
    static let isInstalled = ["docker-registry", "skopeo"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/" + $0)
    }

    static let user = "ada"
    static let password = "s3cret"
    /// bcrypt of the password, the one form that the program takes.
    private static let passwordLine = "ada:$2b$04$0lSMuwlQZOUvUH/UprEBieukzblEahlcJpREUD30XdK7a8D.oYx9q\n"

    /// As in references.
    let host: String
    private let folder: TemporaryFolder
    private let processID: Int32

    /// Starts one and waits until it answers.
    init(asksPassword: Bool = false) async throws {
        folder = try TemporaryFolder()
        let port = try Self.freePort()
        host = "127.0.0.1:\(port)"
        var text = """
            version: 0.1
            storage: {filesystem: {rootdirectory: \(folder.url.path)/content}, delete: {enabled: true}}
            http: {addr: 127.0.0.1:\(port)}
            log: {level: error, accesslog: {disabled: true}}

            """
        if asksPassword {
            try folder.write(Self.passwordLine, to: "htpasswd")
            text += "auth: {htpasswd: {realm: test, path: \(folder.url.path)/htpasswd}}\n"
        }
        try folder.write(text, to: "registry.yml")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/docker-registry")
        process.arguments = ["serve", folder.url.appendingPathComponent("registry.yml").path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.start()
        processID = process.processIdentifier
        for _ in 0..<200 {
            let probe = try await Command.run("/usr/bin/curl", ["-s", "http://\(host)/v2/"])
            if probe.code == 0 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        stop()
        throw HarnessError("the registry did not start")
    }

    func stop() {
        kill(processID, SIGKILL)
        folder.remove()
    }

    /// Copies an OCI layout's image to the registry with skopeo.
    func fill(from layout: URL, name: String, as repository: String) async throws {
        try await Command.require(
            "skopeo",
            "copy",
            "--insecure-policy",
            "--dest-tls-verify=false",
            "--dest-creds=\(Self.user):\(Self.password)",
            "oci:\(layout.path):\(name)",
            "docker://\(host)/\(repository)"
        )
    }

    private static let given = Mutex<Set<Int>>([])

    /// A port without a listener at this moment, and never the same again.
    ///
    /// Below the range that the kernel takes ports of connections from: none of those can occupy it meanwhile.
    static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            if given.withLock({ $0.insert(port).inserted }), isFree(port) { return port }
        }
        throw HarnessError("no free port")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
