// SPDX-License-Identifier: Apache-2.0
// A gateway with an image for POST /v1/run, and its requests.

import Foundation
import Testing

enum RunScene {
    /// A gateway with an image named `box`: busybox, links, a fifo, and a user.
    static func with(
        settings: String = "run_images: {sh: box}\n",
        _ body: (GatewayUnderTest) async throws -> Void
    ) async throws {
        let place = try TemporaryFolder()
        defer { place.remove() }
        try place.write(settings, to: "config.yaml")
        let config = place.url.appendingPathComponent("config.yaml").path
        try await GatewayUnderTest.with(arguments: ["--config", config]) { gateway in
            let folder = try await Fixtures.shell("", name: "box")
            defer { folder.remove() }
            try folder.write(
                """
                FROM scratch
                COPY busybox /bin/busybox
                RUN ["/bin/busybox", "--install", "-s", "/bin"]
                RUN mkdir /etc/box /w && ln -s /w /link && ln -s ../../../../w /up && mkfifo /w/fifo && \\
                    ln -s /w/fifo /w/pipe && echo image > /w/old && ln -s /proc/self/environ /w/environ && \\
                    echo 'app:x:7:8::/w:/bin/sh' > /etc/passwd && chown 7:8 /w
                ENV FROM_IMAGE=yes
                CMD ["sh", "-c", "echo default"]

                """,
                to: "Dockerfile"
            )
            try await gateway.require("build", folder.url.path, "-t", "box")
            try await body(gateway)
        }
    }

    static func shell(_ script: String, _ more: [String: Any] = [:]) -> [String: Any] {
        ["image": "box", "command": ["sh", "-c", script]].merging(more) { $1 }
    }
}

extension GatewayUnderTest {
    /// The administrator's.
    func password() throws -> String {
        try String(contentsOfFile: dataFolder + "/secrets/basic-auth-password", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// One run, with the administrator's credentials unless others are given.
    func postRun(
        _ body: [String: Any],
        headers: [String: String] = [:]
    ) async throws -> Answer {
        let secret = Data("admin:\(try password())".utf8)
        var fields = ["Authorization": "Basic " + secret.base64EncodedString()]
        fields["Content-Type"] = "application/json"
        return try await call(
            "/v1/run",
            method: "POST",
            body: JSONSerialization.data(withJSONObject: body),
            headers: fields.merging(headers) { $1 }
        )
    }

    /// The answer of a run that started.
    func run(_ body: [String: Any]) async throws -> [String: Any] {
        let answer = try await postRun(body)
        guard answer.status == 200 else { throw HarnessError("\(answer.status): \(answer.text)") }
        return try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
    }
}
