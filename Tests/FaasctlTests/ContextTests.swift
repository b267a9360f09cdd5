// SPDX-License-Identifier: Apache-2.0
// Which gateway a command asks, and with what, from options, environment and contexts.

import ArgumentParser
import Foundation
import HTTPClient
import Testing

@testable import faasctl

@Suite struct ContextTests {
    private static func with(_ file: ContextFile?, _ body: ([String: String], String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mayfly-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let environment = ["XDG_CONFIG_HOME": folder, "MAYFLY_DATA_DIR": folder + "/none"]
        try file?.write(environment: environment)
        try body(environment, folder + "/mayfly/contexts.json")
    }

    private static let prod = ContextFile(
        current: "prod",
        contexts: [
            "prod": GatewayContext(
                gateway: "https://prod:1",
                token: "mf_prod",
                roots: "/ca",
                certificate: "/c",
                key: "/k"
            ),
            "test": GatewayContext(gateway: "http://test", user: "u", password: "p"),
        ]
    )

    @Test(
        "the option wins over the environment, that over the context, that over a stack and the default",
        arguments: [
            (["--gateway", "http://a"], ["FAASCTL_GATEWAY": "http://b"], "http://a", nil),
            ([], ["FAASCTL_GATEWAY": "http://b"], "http://b", nil),
            ([], ["OPENFAAS_URL": "http://b"], "http://b", nil),
            (["--gateway", "https://prod:1"], [:], "https://prod:1", nil),
            ([], [:], "https://prod:1", "Bearer mf_prod"),
            ([], ["FAASCTL_TOKEN": "mf_env"], "https://prod:1", "Bearer mf_env"),
            ([], ["FAASCTL_USER": "u", "FAASCTL_PASSWORD": "p"], "https://prod:1", "Basic dTpw"),
        ] as [([String], [String: String], String, String?)]
    )
    func precedence(words: [String], more: [String: String], address: String, field: String?) throws {
        try Self.with(Self.prod) { environment, _ in
            let environment = environment.merging(more) { $1 }
            let client = try GlobalOptions.parse(words).client(
                fallback: "http://stack",
                environment: environment
            )
            #expect(client.address == address)
            #expect(client.credentials?.authorization == field)
            let isContext = words.isEmpty && more["FAASCTL_GATEWAY"] == nil && more["OPENFAAS_URL"] == nil
            #expect((client.certificate?.key == "/k") == isContext)
            #expect((client.trustedRoots == "/ca") == isContext)
        }
    }

    @Test("without a context in use a stack's address comes before the default")
    func none() throws {
        var file = Self.prod
        file.current = nil
        for file in [file, nil] {
            try Self.with(file) { environment, _ in
                let options = try GlobalOptions.parse([])
                #expect(
                    try options.client(fallback: "http://stack", environment: environment).address
                        == "http://stack"
                )
                #expect(try options.client(environment: environment).address == GlobalOptions.defaultGateway)
            }
        }
    }

    @Test("the file is its owner's alone, whole, and refused when others can read it or it is malformed")
    func file() throws {
        try Self.with(Self.prod) { environment, path in
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try ContextFile.read(environment: environment) == Self.prod)
            chmod(path, 0o644)
            let open = #expect(throws: CommandFailure.self) { try ContextFile.read(environment: environment) }
            #expect(open?.description.contains("chmod 600") == true)
            chmod(path, 0o600)
            try Data("{".utf8).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o600)
            let malformed = #expect(throws: CommandFailure.self) {
                try GlobalOptions.parse([]).client(environment: environment)
            }
            #expect(malformed?.description.contains("malformed") == true)
            // Who names a gateway does not need the file.
            let named = try GlobalOptions.parse(["--gateway", "a"]).client(environment: environment)
            #expect(named.address == "http://a")
        }
        #expect(ContextFile.path(environment: ["HOME": "/h"]) == "/h/.config/mayfly/contexts.json")
        #expect(ContextFile.path(environment: ["XDG_CONFIG_HOME": "relative"]) == nil)
    }

    @Test(
        "what belongs together is asked for together, and names are plain words",
        arguments: [
            ["add", "x"], ["add", "a b", "--gateway", "http://a"],
            ["add", "x", "--gateway", "http://a", "--client-cert", "c"],
            ["add", "x", "--gateway", "http://a", "--username", "u"],
            ["add", "x", "--gateway", "http://a", "--token-stdin", "--username", "u", "--password-stdin"],
            ["use"], ["remove"], ["use", "../x"],
        ]
    )
    func usage(words: [String]) {
        #expect(throws: (any Error).self) { try Faasctl.parseAsRoot(["context"] + words) }
    }
}
