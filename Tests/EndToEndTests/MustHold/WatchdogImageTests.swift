// SPDX-License-Identifier: Apache-2.0
// Images of OpenFaaS, whose CMD is a watchdog that Mayfly replaces.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct WatchdogImageTests {
        /// A folder whose image starts a watchdog, which is not in it: it must not be executed.
        private static func folder(_ name: String, _ variables: String) async throws -> TemporaryFolder {
            let folder = try await Fixtures.shell("echo \"got $(cat) by $Http_Method\"", name: name)
            try folder.write("page", to: "index.html")
            try folder.write(
                """
                FROM scratch
                COPY busybox /bin/busybox
                COPY run /run.sh
                COPY index.html /www/index.html
                ENV \(variables)
                EXPOSE 8080
                CMD ["fwatchdog"]

                """,
                to: "Dockerfile"
            )
            return folder
        }

        @Test("the program of a classic watchdog's image gets the request on its standard input")
        func classic() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Self.folder("classic", #"fprocess="/bin/busybox sh /run.sh""#)
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                #expect(try await gateway.require("invoke", "classic", "-d", "body") == "got body by POST\n")
            }
        }

        @Test("the server behind of-watchdog's mode http serves on its own port, also after a restart")
        func server() async throws {
            let place = try TemporaryFolder()
            defer { place.remove() }
            let data = place.url.appendingPathComponent("data").path
            let folder = try await Self.folder(
                "server",
                #"fprocess="/bin/busybox httpd -f -p 5000 -h /www" mode=http upstream_url=http://127.0.0.1:5000"#
            )
            defer { folder.remove() }
            let first = try await GatewayUnderTest(dataFolder: data)
            try await first.require("deploy", folder.url.path)
            #expect(try await first.call("/function/server/index.html").text == "page")
            #expect(try await first.require("describe", "server", "--output", "json").contains("5000"))
            await first.stop()
            let second = try await GatewayUnderTest(dataFolder: data)
            #expect(try await second.call("/function/server/index.html").text == "page")
            await second.stop()
        }
    }
}
