// SPDX-License-Identifier: Apache-2.0
// What PID 1 gets: arguments, environment, and the precedence of equal names.

import Contracts
import Foundation
import FunctionModel
import HTTPTypes
import ImageStore
import OCI
import Sandbox
import Testing

@testable import Scheduler

@Suite struct FunctionCommandTests {
    private func environment(
        image: [String] = [],
        function: [String: String] = [:],
        query: Substring? = nil,
        fields: [(String, String)] = []
    ) throws -> [String: [String]] {
        var configuration = FunctionConfiguration()
        configuration.environment = function
        let revision = Revision(
            function: try FunctionName("hello"),
            number: 3,
            imageReference: "hello:latest",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: configuration,
            createdAt: Date()
        )
        configuration.command = ["/hello", "-v"]
        var execution = ImageConfiguration.Execution()
        execution.environment = image
        let plan = try ContainerPlanner.plan(
            ContainerImage(
                rootfs: "/r",
                account: ContainerAccount(user: ContainerUser(), home: "/root"),
                execution: execution
            ),
            ContainerOverrides(revision.function, configuration, secrets: [])
        )
        let command = FunctionCommand(plan, of: revision)
        var head = RequestHead(method: .get, target: "/", scriptName: "/function/hello", callID: "call-1")
        head.query = query
        for (name, value) in fields {
            head.fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        let complete = command.command(
            id: "call-1",
            try RequestVariables(head),
            deadline: Date(timeIntervalSince1970: 1_700_000_000.25)
        )
        #expect(complete.arguments == ["/hello", "-v"])
        let pairs = complete.environment.map { variable -> (String, String) in
            let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]))
        }
        return Dictionary(grouping: pairs) { $0.0 }.mapValues { $0.map(\.1) }
    }

    @Test("Mayfly's own variables and the defaults are always there, once")
    func defaults() throws {
        let seen = try environment()
        #expect(seen["MAYFLY_FUNCTION"] == ["hello"])
        #expect(seen["MAYFLY_REVISION"] == ["3"])
        #expect(seen["MAYFLY_INVOCATION_ID"] == ["call-1"])
        #expect(seen["MAYFLY_DEADLINE"] == ["2023-11-14T22:13:20.250Z"])
        #expect(seen["HOME"] == ["/root"])
        #expect(seen["HOSTNAME"] == ["hello"])
        #expect(seen["PATH"] == [ContainerPlanner.defaultPath])
    }

    @Test("the function's environment wins over the image's, and both over the defaults")
    func precedence() throws {
        let seen = try environment(
            image: ["PATH=/bin", "A=image", "B=image"],
            function: ["A": "function", "E": "x=y"]
        )
        #expect(seen["PATH"] == ["/bin"])
        #expect(seen["A"] == ["function"])
        #expect(seen["B"] == ["image"])
        #expect(seen["E"] == ["x=y"])
    }

    @Test("a request's variable wins over the function's of the same name")
    func requestWins() throws {
        let seen = try environment(
            image: ["HTTP_PROXY=image"],
            function: ["QUERY_STRING": "function", "CONTENT_TYPE": "kept"],
            query: "a=1",
            fields: [("Accept", "*/*")]
        )
        #expect(seen["QUERY_STRING"] == ["a=1"])
        #expect(seen["CONTENT_TYPE"] == ["kept"])
        #expect(seen["HTTP_PROXY"] == ["image"])
        #expect(seen["HTTP_ACCEPT"] == ["*/*"])
    }

    @Test("neither request nor configuration sets Mayfly's variables")
    func reserved() throws {
        let seen = try environment(
            image: ["MAYFLY_INVOCATION_ID=forged"],
            function: ["MAYFLY_FUNCTION": "forged", "MAYFLY_DEADLINE": "forged"]
        )
        #expect(seen["MAYFLY_FUNCTION"] == ["hello"])
        #expect(seen["MAYFLY_INVOCATION_ID"] == ["call-1"])
        #expect(seen["MAYFLY_DEADLINE"]?.count == 1)
    }

    @Test(
        "times are written as RFC 3339 has them",
        arguments: [
            (0.0, "1970-01-01T00:00:00.000Z"), (951_827_696.5, "2000-02-29T12:34:56.500Z"),
            (4_107_542_399.999, "2100-02-28T23:59:59.999Z"), (-1.0, "1969-12-31T23:59:59.000Z"),
        ]
    )
    func times(_ seconds: Double, _ text: String) {
        #expect(InternetTime.text(Date(timeIntervalSince1970: seconds)) == text)
    }
}
