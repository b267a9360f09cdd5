// SPDX-License-Identifier: Apache-2.0
// Files and folders that their own owner may not read: mode 0000, which only root passes over.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct ClosedFileTests {
        /// A context with closed files, and a Dockerfile whose steps check them and make more.
        private static func context() async throws -> TemporaryFolder {
            let folder = try TemporaryFolder()
            let busybox = try await Fixtures.function("echo") + "/busybox"
            try FileManager.default.copyItem(atPath: busybox, toPath: folder.url.path + "/busybox")
            try folder.write("one\n", to: "secret")
            try folder.write("two\n", to: "tree/closed/x")
            for name in ["secret", "tree/closed/x", "tree/closed"] {
                try await Command.require("chmod", "0000", folder.url.path + "/" + name)
            }
            try folder.write(
                """
                FROM scratch AS made
                COPY busybox /bin/busybox
                COPY check /check
                COPY secret /secret
                COPY tree /tree
                RUN ["/bin/busybox", "sh", "/check", "/secret", "/tree/closed", "/tree/closed/x"]
                RUN ["/bin/busybox", "sh", "-c", "cd /; b=/bin/busybox; $b mkdir q; echo one > q/a; $b chmod 0 q/a q"]
                FROM scratch
                COPY busybox /bin/busybox
                COPY check /check
                COPY --from=made / /copy
                RUN ["/bin/busybox", "sh", "/check", "/copy/q/a", "/copy/q", "/copy/tree/closed/x"]

                """,
                to: "Dockerfile"
            )
            // The first is a file with one line, the last another.
            try folder.write(
                """
                set -e
                for each; do test $(/bin/busybox stat -c %a $each) = 0; done
                test "$(/bin/busybox cat $1 $3)" = "$(echo one; echo two)"

                """,
                to: "check"
            )
            return folder
        }

        @Test("closed files of a context and of steps are copied with their modes")
        func copied() async throws {
            let folder = try await Self.context()
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                let built = try await gateway.faasctl("build", folder.url.path, "-t", "x")
                #expect(built.code == 0, "\(built.error)")
            }
            try await OrdinaryUser.with { gateway in
                let built = try await gateway.faasctl("build", folder.url.path, "-t", "x")
                #expect(built.code == 0, "\(built.error)")
            }
        }

        @Test("a client that may not read a file of a folder names it, and nothing is made of the rest")
        func unreadable() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let program = folder.url.appendingPathComponent("faasctl").path
            try FileManager.default.copyItem(atPath: Fixtures.faasctl, toPath: program)
            try folder.write("FROM scratch\nCOPY . /\n", to: "sent/Dockerfile")
            try folder.write("hidden\n", to: "sent/secret")
            try await Command.require("chmod", "0000", folder.url.path + "/sent/secret")
            try await GatewayUnderTest.with { gateway in
                let password = try String(
                    contentsOfFile: gateway.dataFolder + "/secrets/basic-auth-password",
                    encoding: .utf8
                )
                let sent = folder.url.path + "/sent"
                for words in [["build", sent, "-t", "part:1"], ["image", "import", sent, "part:2"]] {
                    let result = try await Command.run(
                        "/usr/bin/env",
                        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program] + words,
                        environment: [
                            "FAASCTL_GATEWAY": gateway.address, "FAASCTL_USER": "admin",
                            "FAASCTL_PASSWORD": password.trimmingCharacters(in: .whitespacesAndNewlines),
                        ]
                    )
                    #expect(result.code == 1)
                    #expect(result.error.hasSuffix("open secret: Permission denied\n"), "\(result.error)")
                    #expect(result.error.filter { $0 == "\n" }.count == 1, "\(result.error)")
                }
                #expect(try await gateway.require("image", "list", "--output", "json") == "[]\n")
            }
        }
    }
}
