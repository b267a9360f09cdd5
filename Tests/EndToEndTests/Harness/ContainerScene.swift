// SPDX-License-Identifier: Apache-2.0
// A gateway with an image for containers that stay, and looks at them.

import Foundation
import Glibc

enum ContainerScene {
    /// A gateway with an image named `box`: busybox, whose command writes both streams and waits.
    static func with(
        arguments: [String] = [],
        _ body: (GatewayUnderTest) async throws -> Void
    ) async throws {
        try await GatewayUnderTest.with(arguments: arguments) { gateway in
            try await build(on: gateway)
            try await body(gateway)
        }
    }

    /// How often a test repeats what must leave nothing behind; `MAYFLY_TEST_CALLS` asks for more than a usual run has
    /// time for.
    static let repetitions = ProcessInfo.processInfo.environment["MAYFLY_TEST_CALLS"].flatMap(Int.init)
    /// The database and its log grow and shrink by themselves.
    static let diskGrowthMax = 8 << 10

    /// What the files of a folder occupy.
    static func diskKibibytes(_ folder: String) -> Int {
        let walker = FileManager.default.enumerator(atPath: folder)
        var bytes = 0
        while let name = walker?.nextObject() as? String {
            var status = stat()
            // A file that has gone since occupies nothing.
            if lstat(folder + "/" + name, &status) == 0 { bytes += Int(status.st_blocks) * 512 }
        }
        return bytes >> 10
    }

    /// Builds `box`.
    static func build(on gateway: GatewayUnderTest) async throws {
        let folder = try await Fixtures.shell("", name: "box")
        defer { folder.remove() }
        try folder.write(
            """
            FROM scratch
            COPY busybox /bin/busybox
            RUN ["/bin/busybox", "--install", "-s", "/bin"]
            CMD ["sh", "-c", "echo out; echo err >&2; trap 'exit 5' TERM; while :; do sleep 0.05; done"]

            """,
            to: "Dockerfile"
        )
        try await gateway.require("build", folder.url.path, "-t", "box")
    }
}

extension GatewayUnderTest {
    /// Runs faasctl with words that have spaces between them, and a last one that may hold some.
    func line(_ words: String, _ last: String? = nil) async throws -> CommandResult {
        try await faasctl(words.split(separator: " ").map(String.init) + (last.map { [$0] } ?? []))
    }

    /// As ``line(_:_:)``, and insists on success.
    @discardableResult
    func requireLine(_ words: String, _ last: String? = nil) async throws -> String {
        let result = try await line(words, last)
        guard result.code == 0 else { throw HarnessError("\(words): \(result)\(logText)") }
        return result.text
    }

    /// Runs faasctl until its output passes a test.
    func eventually(_ arguments: String..., holds: (String) -> Bool) async throws -> String {
        var text = ""
        for _ in 0..<400 {
            text = try await faasctl(arguments).text
            if holds(text) { return text }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw HarnessError("faasctl \(arguments.joined(separator: " ")) never showed it: \(text)\(logText)")
    }

    /// Files of containers below DATA.
    func containerFiles() throws -> [String] {
        let root = dataFolder + "/containers"
        return try ["layers", "logs"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: root + "/" + folder).map { folder + "/" + $0 }
        }
    }
}
