// SPDX-License-Identifier: Apache-2.0
// Let's Encrypt's test authority (pebble) with its name server, on free ports of loopback.

import Foundation

/// An ACME authority for the time of one test; call ``stop()``.
final class AuthorityUnderTest: Sendable {
    static let isInstalled = ["pebble", "pebble-challtestsrv"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/" + $0)
    }

    /// Of the directory.
    let url: String
    /// What its own server is trusted by.
    let serverRoots: String
    private let management: String
    private let folder: TemporaryFolder
    private let processIDs: [Int32]

    /// Starts one and waits until it answers.
    ///
    /// - Parameters:
    ///   - httpPort: where it checks HTTP challenges; every name leads to 127.0.0.1.
    ///   - tlsPort: where it checks those in a handshake.
    ///   - validitySeconds: of its certificates.
    /// - Throws: ``HarnessError`` when it did not start.
    init(httpPort: Int, tlsPort: Int, validitySeconds: Int = 3600) async throws {
        folder = try TemporaryFolder()
        let path = folder.url.path
        serverRoots = path + "/server.crt"
        try await Command.require(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            path + "/server.key",
            "-out",
            serverRoots,
            "-days",
            "2",
            "-subj",
            "/CN=pebble",
            "-addext",
            "subjectAltName=IP:127.0.0.1"
        )
        let ports = try (0..<4).map { _ in try RegistryUnderTest.freePort() }
        url = "https://127.0.0.1:\(ports[0])/dir"
        management = "https://127.0.0.1:\(ports[1])"
        let names = "127.0.0.1:\(ports[2])"
        let configuration = """
            {"pebble": {"listenAddress": "127.0.0.1:\(ports[0])", "managementListenAddress": "127.0.0.1:\(ports[1])",
             "certificate": "\(serverRoots)", "privateKey": "\(path)/server.key", "httpPort": \(httpPort),
             "tlsPort": \(tlsPort), "ocspResponderURL": "", "externalAccountBindingRequired": false,
             "certificateValidityPeriod": \(validitySeconds)}}
            """
        try folder.write(configuration, to: "pebble.json")
        let resolver = try Self.start(
            "pebble-challtestsrv",
            [
                "-dns01", names, "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "",
                "-management", "127.0.0.1:\(ports[3])",
            ]
        )
        let authority = try Self.start(
            "pebble",
            ["-config", path + "/pebble.json", "-dnsserver", names],
            // A fifth of the good nonces is refused, of half of them now and then the ten in a row that a client
            // gives up after; and every name is proved each time.
            ["PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "20", "PEBBLE_AUTHZREUSE": "0"]
        )
        processIDs = [resolver, authority]
        for _ in 0..<200 {
            let probe = try await Command.run("/usr/bin/curl", ["-s", "--cacert", serverRoots, url])
            if probe.code == 0 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        stop()
        throw HarnessError("the authority did not start")
    }

    private static func start(
        _ name: String,
        _ arguments: [String],
        _ environment: [String: String] = [:]
    ) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/" + name)
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.start()
        return process.processIdentifier
    }

    func stop() {
        for processID in processIDs { kill(processID, SIGKILL) }
        folder.remove()
    }

    /// A file with the root of the certificates that it issues.
    func roots() async throws -> String {
        let text = try await Command.require("curl", "-sS", "--cacert", serverRoots, management + "/roots/0")
        try folder.write(text, to: "roots.pem")
        return folder.url.path + "/roots.pem"
    }
}
