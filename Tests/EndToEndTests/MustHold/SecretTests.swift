// SPDX-License-Identifier: Apache-2.0
// Secrets reach their function as files, and a new value reaches it without a deploy.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct SecretTests {
        @Test("a function reads its secret, and the new value as soon as it is stored")
        func isRenewed() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.store("first", as: "key")
                let folder = try await Fixtures.shell(
                    "/bin/busybox cat /run/secrets/key\n",
                    name: "reader",
                    configuration: "secrets: [key]"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                #expect(try await gateway.call("/function/reader").text == "first")
                try await gateway.store("second", as: "key")
                #expect(try await gateway.call("/function/reader").text == "second")
            }
        }
    }
}

extension GatewayUnderTest {
    /// Stores a secret's value through the command line's standard input.
    fileprivate func store(_ value: String, as name: String) async throws {
        let result = try await faasctl(["secret", "create", name], input: Data(value.utf8))
        #expect(result.code == 0, "\(result.error)")
    }
}
