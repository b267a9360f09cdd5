// SPDX-License-Identifier: Apache-2.0
// Wrong credentials for the gateway itself: reported at once, also in the middle of an upload.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct BadCredentialsTests {
        @Test("a deploy of a folder with wrong credentials is refused at once, though its upload has begun")
        func refusesUpload() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("FROM scratch\nCOPY big /big\nCMD [\"/big\"]\n", to: "Dockerfile")
            // More than pipes and sockets on the way hold together.
            try Data(count: 16 << 20).write(to: folder.url.appendingPathComponent("big"))
            try await GatewayUnderTest.with { gateway in
                for arguments in [
                    ["deploy", folder.url.path, "--name", "refused"],
                    ["image", "load", "-i", folder.url.appendingPathComponent("big").path],
                    ["list"],
                ] {
                    let begin = ContinuousClock.now
                    let result = try await Command.run(
                        Fixtures.faasctl,
                        arguments,
                        environment: [
                            "FAASCTL_GATEWAY": gateway.address, "FAASCTL_USER": "admin",
                            "FAASCTL_PASSWORD": "wrong",
                        ],
                        secondsMax: 20
                    )
                    #expect(result.code == 1)
                    #expect(
                        result.error.contains("rejected the credentials"),
                        "\(arguments): \(result.error)"
                    )
                    #expect(ContinuousClock.now - begin < .seconds(3), "\(arguments)")
                }
            }
        }
    }
}
