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
    }
}
