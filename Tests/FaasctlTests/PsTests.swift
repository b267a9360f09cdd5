// SPDX-License-Identifier: Apache-2.0
// What `ps` shows and selects, in Docker's words.

import Foundation
import FunctionModel
import GatewayAPI
import OCI
import Testing

@testable import faasctl

@Suite("A list of containers")
struct PsTests {
    /// A container that was created so many seconds after others.
    private static func body(_ name: String, _ digit: Character, at seconds: Double = 0) -> ContainerBody {
        var request = ContainerRequest(image: "busybox")
        request.labels = ["com.example.node_name": "left", "plain": "1"]
        return ContainerBody(
            id: String(repeating: digit, count: 64),
            name: name,
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            command: ["sh"],
            createdAt: Date(timeIntervalSince1970: 1_000_000 + seconds),
            state: ContainerBody.State(
                status: .exited,
                exitCode: 0,
                error: "",
                isOutOfMemory: false,
                restartCount: 0
            ),
            request: request
        )
    }

    @Test("has a column for a label, whose head is the end of its key, and none for it in JSON")
    func label() throws {
        let row = PsRow(Self.body("web", "a")).value(isWhole: false)
        let key = "{{.Label \"com.example.node_name\"}}"
        func text(_ format: String) throws -> String {
            try FormattedList(format: format, standard: "", heads: [:]).text([row])
        }
        #expect(try text(key) == "left\n")
        #expect(try text("{{.Names}} {{.Label \"none\"}}.") == "web .\n")
        #expect(try text("table \(key)") == "node name\nleft\n")
        #expect(try text("{{\"plain\" | .Label}}") == "1\n")
        #expect(try !text("json").contains("\"Label\""))
        #expect(throws: CommandFailure.self) { try text("{{.Label}}") }
        #expect(throws: CommandFailure.self) { try text("{{.Label \"a\" \"b\"}}") }
    }

    @Test(
        "writes sizes with three digits",
        arguments: [
            (0, "0B"), (999, "999B"), (1090, "1.09kB"), (4_210_000, "4.21MB"), (12_345_678, "12.3MB"),
            (2_000_000_000, "2GB"),
        ]
    )
    func size(bytes: Int, text: String) {
        var row = PsRow(Self.body("web", "a"))
        row.sizeBytes = bytes
        #expect(row.value(isWhole: false)["Size"]?.text == text)
    }

    @Test("is bounded by the creation of another container, which has to be there")
    func beforeAndSince() throws {
        let bodies = [("one", "a"), ("two", "b"), ("three", "c")].enumerated().map {
            Self.body($0.element.0, Character($0.element.1), at: Double($0.offset))
        }
        func names(_ filters: String...) throws -> [String] {
            var filter = try ContainerFilter(filters)
            #expect(filter.namesOthers)
            try filter.resolve(bodies)
            return bodies.map { PsRow($0) }.filter(filter.accepts).map(\.name)
        }
        #expect(try names("before=two") == ["one"])
        #expect(try names("since=bbbb") == ["three"])
        #expect(try names("since=one", "before=three") == ["two"])
        #expect(throws: CommandFailure.self) { try names("since=four") }
        #expect(try !ContainerFilter(["name=one"]).namesOthers)
    }

    @Test(
        "is selected by ports: publish by the host's, expose by the container's",
        arguments: [
            ("publish=8080", true), ("publish=8000-9000/tcp", true), ("publish=8080/udp", false),
            ("publish=80", false), ("expose=80", true), ("expose=443/tcp", true), ("expose=8080", false),
            ("expose=53/udp", true), ("expose=53", false),
        ]
    )
    func ports(filter: String, isShown: Bool) throws {
        var row = PsRow(Self.body("web", "a"))
        let mapping = PortMapping(containerPort: 80, transport: .tcp, address: "127.0.0.1")
        row.ports = [PublishedPort(mapping, address: "127.0.0.1", hostPort: 8080)]
        row.exposedPorts = ["443/tcp", "53/udp"]
        #expect(try ContainerFilter([filter]).accepts(row) == isShown)
    }

    @Test("refuses what is no port", arguments: ["", "0", "x", "9-8", "80/sctp", "80/", "1-2-3", "70000"])
    func noPort(text: String) {
        #expect(throws: CommandFailure.self) { try ContainerFilter(["publish=\(text)"]) }
    }
}
