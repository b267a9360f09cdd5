// SPDX-License-Identifier: Apache-2.0
// Functions from a distribution's own root: what users bring, with RUN steps that change it.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct DebianTests {
        @Test(
            "a Python and a Node function from a Debian base build with RUN steps and answer; run works there"
        )
        func functions() async throws {
            try await DebianBase.with(tag: "debian:test") { gateway in
                try await callPython(gateway)
                try await callNode(gateway)
                try await attach(gateway)
            }
        }

        /// An ordinary user of the image, its home and files that a step made.
        private func callPython(_ gateway: GatewayUnderTest) async throws {
            let python = try TemporaryFolder()
            defer { python.remove() }
            try python.write(
                """
                import os, pwd, sys
                print(sys.stdin.read()[::-1], os.getuid(), pwd.getpwnam("app").pw_dir,
                    os.path.exists("/usr/share/doc"), os.stat("/home/app/data").st_uid, os.readlink("/app"))

                """,
                to: "handler.py"
            )
            try python.write(
                """
                FROM debian:test
                RUN useradd --create-home --uid 1234 app && mkdir /home/app/data && chown -R app:app /home/app
                RUN rm -rf /usr/share/doc && ln -s /home/app /app
                COPY --chown=app:app handler.py /home/app/
                RUN --network=none python3 -m py_compile /app/handler.py && ls /app/__pycache__
                USER app
                CMD ["python3", "/app/handler.py"]

                """,
                to: "Dockerfile"
            )
            try python.write("name: python\nbuild: .\n", to: "function.yaml")
            try await gateway.require("deploy", python.url.path)
            let answer = try await gateway.call(
                "/function/python",
                method: "POST",
                body: Data("olleh".utf8)
            )
            #expect(answer.status == 200 && answer.text == "hello 1234 /home/app False 1234 /home/app\n")
        }

        /// A file that a step made with the image's own interpreter.
        private func callNode(_ gateway: GatewayUnderTest) async throws {
            let node = try TemporaryFolder()
            defer { node.remove() }
            try node.write(
                """
                const fs = require("fs")
                console.log(fs.readFileSync(0, "utf8").toUpperCase(), fs.readFileSync("/made", "utf8"), process.getuid())

                """,
                to: "handler.js"
            )
            try node.write(
                """
                FROM debian:test
                COPY handler.js /
                RUN <<EOF
                #!/usr/bin/env node
                require("fs").writeFileSync("/made", "by a step")
                EOF
                CMD ["node", "/handler.js"]

                """,
                to: "Dockerfile"
            )
            try node.write("name: node\nbuild: .\nlimits: {memory: 256Mi}\n", to: "function.yaml")
            try await gateway.require("deploy", node.url.path)
            let other = try await gateway.call("/function/node", method: "POST", body: Data("hello".utf8))
            #expect(other.status == 200 && other.text == "HELLO by a step 0\n", "\(other.text)")
        }

        /// The distribution's own tools work in an attached container of it.
        private func attach(_ gateway: GatewayUnderTest) async throws {
            let script =
                "useradd me && chown me /root && stat -c %U /root && dpkg -l bash | tail -1 | cut -c1-2"
            let result = try await gateway.faasctl("run", "debian:test", "sh", "-c", script)
            #expect(result.code == 0 && result.text == "me\nii\n", "\(result)")
        }
    }
}
