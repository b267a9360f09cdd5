// SPDX-License-Identifier: Apache-2.0
// docs/reference/runtime.md against the variables, headers, outcomes, devices and bounds of the sources.

import Foundation
import FunctionModel
import HTTPTypes
import ImageStore
import Sandbox
import Testing

@testable import Contracts
@testable import Gateway
@testable import Scheduler

@Suite("docs/reference/runtime.md")
struct RuntimePageTests {
    private static func names(_ variables: [String]) -> [String] {
        variables.map { String($0.prefix { $0 != "=" }) }
    }

    /// What an HTTP request gives a function, its plain header fields apart.
    private static func requestVariables() throws -> Set<String> {
        var head = RequestHead(
            method: .post,
            target: "/x?a=1",
            scriptName: "/function/f",
            query: "a=1",
            callID: "1"
        )
        head.peer.remotePort = 1
        head.user = "user"
        head.isSecure = true
        head.authority = "host:1"
        head.fields[.contentType] = "text/plain"
        head.bodyLength = .bytes(1)
        var variables = names(try RequestVariables(head).text)
        head.bodyLength = .unknown
        variables += names(try RequestVariables(head).text)
        // Content-Type as a field is said twice: the second name is that of every field.
        return Set(variables).subtracting(["Http_Content_Type"])
    }

    private static func revision() throws -> Revision {
        Revision(
            function: try FunctionName("f"),
            number: 1,
            imageReference: "",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: FunctionConfiguration(),
            createdAt: Date(timeIntervalSince1970: 0)
        )
    }

    /// What every function has, whatever started it.
    private static func ownVariables() throws -> Set<String> {
        let revision = try revision()
        let image = ContainerImage(
            rootfs: "/",
            account: ContainerAccount(user: ContainerUser(), home: "/")
        )
        var overrides = ContainerOverrides(revision.function, revision.configuration, secrets: [])
        overrides.command = ["/x"]
        let command = FunctionCommand(try ContainerPlanner.plan(image, overrides), of: revision)
        return Set(names(command.command(id: "1", RequestVariables(), deadline: Date()).environment))
    }

    @Test("has a row for every variable of every function, of requests and of schedules, and for no other")
    func variables() throws {
        let page = try ReferencePage.read("runtime.md")
        var variables = try Self.requestVariables().union(Self.ownVariables())
        let scheduled = ScheduledRequest.make(try FunctionName("f"), input: "", due: Date(), now: Date())
        variables.formUnion(Self.names(try RequestVariables(scheduled.head).text))
        variables.formUnion(["HTTP_*", "Http_*"])
        expectNames(page, table: "variable", in: .init(uniqueKeysWithValues: variables.map { ($0, "") }))
    }

    @Test("has a row for every variable that a Lambda runtime has besides")
    func lambdaVariables() throws {
        let page = try ReferencePage.read("runtime.md")
        let reserved = LambdaEnvironment.reserved(try Self.revision(), handler: "h")
        let names = LambdaEnvironment.defaults.keys.map { ($0, "") } + reserved.keys.map { ($0, "") }
        expectNames(page, table: "Lambda variable", in: .init(uniqueKeysWithValues: names))
    }

    @Test("has a row for every outcome with its status, and for every limit that a record can name")
    func outcomes() throws {
        let page = try ReferencePage.read("runtime.md")
        let statuses = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.map { ($0.rawValue, String(StatusTable.status($0))) }
        )
        expectNames(page, table: "outcome", in: statuses)
        expectValues(page, table: "outcome", column: "status", are: statuses)
        let limits = LimitName.allCases.map { ($0.rawValue, "") }
        expectNames(page, table: "limit reached", in: .init(uniqueKeysWithValues: limits))
    }

    @Test("has a row for every response header of the gateway's own")
    func headers() throws {
        let page = try ReferencePage.read("runtime.md")
        let names = SourceScan.captures(
            #/static let \w+ = fixed\("([\w-]+)"\)/#,
            in: try SourceScan.texts(in: "Sources/Gateway")
        )
        // Fields of requests have their place elsewhere on the page.
        let requests: Set = ["X-Callback-Url", "X-Hub-Signature-256", "X-Signature"]
        let answers = names.filter {
            $0.hasPrefix("X-") && !$0.hasPrefix("X-Forwarded") && !requests.contains($0)
        }
        expectNames(page, table: "header", in: .init(uniqueKeysWithValues: answers.map { ($0, "") }))
    }

    @Test("has a row for every device node that a container has")
    func devices() throws {
        let page = try ReferencePage.read("runtime.md")
        let names = SourceScan.captures(
            #/\{"(\w+)", \d+, \d+\}/#,
            in: try SourceScan.texts(in: "Sources/CSpawner", endings: [".c", ".h"])
        )
        #expect(!names.isEmpty, "the sources' table of device nodes has another form: adapt this test")
        expectNames(
            page,
            table: "device",
            in: .init(uniqueKeysWithValues: names.map { ("/dev/" + $0, "") })
        )
    }

    @Test("has the bounds of requests, answers and logs of the sources")
    func bounds() throws {
        let page = try ReferencePage.read("runtime.md")
        let bounds = [
            "call id": "\(CallID.lengthMax) characters",
            "event of a Lambda function": "\(RuntimeState.payloadBytesMax) bytes",
            "body read before the start": "\(BodyPlan.wholeBytesMax >> 10) KiB",
            "answer held back": "\(Dispatcher.responseBufferBytes >> 10) KiB",
            "log line": "\(LogSplitter.lineBytesMax >> 10) KiB",
            "log of one call": "\(LogSplitter.invocationBytesMax >> 20) MiB",
        ]
        expectNames(page, table: "bound", in: bounds)
        expectValues(page, table: "bound", column: "value", are: bounds)
    }
}
