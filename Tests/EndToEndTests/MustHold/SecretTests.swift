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

        @Test(
            "a secret in use stays, or takes its functions along visibly; made again, it serves them at once"
        )
        func isRemoved() async throws {
            let place = try TemporaryFolder()
            defer { place.remove() }
            let data = place.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            try await first.store("one", as: "key")
            let folder = try await Fixtures.shell(
                "/bin/busybox cat /run/secrets/key\n",
                name: "reader",
                configuration: "secrets: [key]\nwarm: {min: 1}"
            )
            defer { folder.remove() }
            try await first.require("deploy", folder.url.path)
            let refused = try await first.faasctl("secret", "remove", "key")
            #expect(refused.code == 1)
            #expect(refused.error.contains("'reader'"), "\(refused.error)")
            #expect(try await first.call("/function/reader").text == "one")
            // A name that is not there does not keep the next one.
            let forced = try await first.faasctl("secret", "remove", "--force", "absent", "key")
            #expect(forced.code == 1)
            #expect(forced.error.contains("'absent'"), "\(forced.error)")
            #expect(try await first.call("/function/reader").status == 502)
            #expect(try await first.require("describe", "reader").contains("no secret named 'key'"))
            await first.stop()
            let second = try await GatewayUnderTest(dataFolder: data)
            #expect(try await second.require("list").contains("no secret named 'key'"))
            #expect(try await second.call("/function/reader").status == 502)
            try await second.store("two", as: "key")
            #expect(try await second.call("/function/reader").text == "two")
            try await second.store("three", as: "key")
            #expect(try await second.call("/function/reader").text == "three")
            await second.stop()
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
