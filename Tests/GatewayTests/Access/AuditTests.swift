// SPDX-License-Identifier: Apache-2.0
// The audit log: what it has, what it never has, and how large it gets.

import Foundation
import FunctionModel
import Logging
import Testing

@testable import Gateway

@Suite("The audit log")
struct AuditTests {
    private struct Line: Decodable {
        enum CodingKeys: String, CodingKey {
            case time, user, token, peer, method, path, function, subject, status, code, error
            case callID = "call_id"
            case tokenName = "token_name"
        }

        var time: String
        var callID: String
        var user: String?
        var token: String?
        var tokenName: String?
        var peer: String
        var method: String
        var path: String
        var function: String?
        var subject: String?
        var status: Int
        var code: String?
        var error: String?
    }

    private static func text(_ directory: String) throws -> String {
        try String(contentsOfFile: directory + "/audit/audit.log", encoding: .utf8)
    }

    private static func lines(_ directory: String) throws -> [Line] {
        try text(directory).split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    @Test("names who changed what, from where and with which result, and no secret")
    func actions() async throws {
        try await TestGateway.run { gateway in
            let admin = [TestGateway.authorization, "Content-Type: application/json"]
            let token = try await gateway.token(#"{"name":"ci","scopes":["read"]}"#)
            let bearer = ["Authorization: Bearer " + token.text, "Content-Type: application/json"]
            let secret = #"{"name":"key","value":"hunter2"}"#
            _ = try await gateway.client.send("POST", "/system/secrets", headers: admin, body: secret)
            _ = try await gateway.client.send("POST", "/system/secrets", headers: admin, body: secret)
            let removal = #"{"functionName":"hello"}"#
            _ = try await gateway.client.send("DELETE", "/system/functions", headers: bearer, body: removal)
            _ = try await gateway.client.send(
                "DELETE",
                "/system/functions",
                headers: admin + ["X-Call-Id: mine"],
                body: removal
            )
            _ = try await gateway.client.send("DELETE", "/v1/queue?function=hello", headers: admin)
            _ = try await gateway.client.send("GET", "/system/functions", headers: admin)
            let lines = try Self.lines(gateway.directory)
            #expect(lines.map(\.status) == [201, 201, 409, 403, 202, 200])
            #expect(
                lines.map(\.path) == [
                    "/v1/tokens", "/system/secrets", "/system/secrets", "/system/functions",
                    "/system/functions", "/v1/queue",
                ]
            )
            #expect(lines[0].user == "admin" && lines[0].token == nil && lines[0].peer == "127.0.0.1")
            #expect(lines[0].subject == "token \(token.id)")
            #expect(lines[1].subject == "secret key" && lines[1].method == "POST")
            #expect(lines[2].code == "conflict" && lines[2].subject == "secret key")
            #expect(lines[3].token == token.id && lines[3].tokenName == "ci" && lines[3].user == nil)
            #expect(lines[4].subject == "function hello" && lines[4].callID == "mine")
            #expect(lines[5].function == "hello")
            let text = try Self.text(gateway.directory)
            for hidden in ["hunter2", token.text, "YWRtaW46"] { #expect(!text.contains(hidden)) }
        }
    }

    @Test("has no line of strangers, who could fill it, and is readable by its owner only")
    func strangers() async throws {
        try await TestGateway.run { gateway in
            for _ in 0..<3 {
                let answer = try await gateway.client.send("POST", "/v1/tokens", body: "{}")
                #expect(answer.status == 401)
            }
            #expect(!FileManager.default.fileExists(atPath: gateway.directory + "/audit/audit.log"))
            _ = try await gateway.token("{}")
            let path = gateway.directory + "/audit/audit.log"
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
    }

    @Test("has the result of a long action, which comes in its last line")
    func streams() async throws {
        try await TestGateway.run(withEveryPath: true) { gateway in
            let answer = try await gateway.client.send(
                "POST",
                "/v1/deployments",
                headers: [TestGateway.authorization],
                body: #"{"service":"new","image":"a"}"#
            )
            #expect(answer.status == 200)
            // The line comes after the last byte of the answer.
            var lines: [Line] = []
            for _ in 0..<500 where lines.isEmpty {
                lines = (try? Self.lines(gateway.directory)) ?? []
                if lines.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            }
            let line = try #require(lines.last)
            #expect(line.path == "/v1/deployments" && line.subject == "function new" && line.error == nil)
        }
    }

    @Test("is kept in a bounded number of bounded files, across restarts, every line whole")
    func rotation() async throws {
        let directory = try TestGateway.makeDirectory()
        defer { TestGateway.removeDirectory(directory) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        for run in 0..<4 {
            let log = AuditLog(dataDirectory: directory, fileBytesMax: 100, logger: logger)
            for number in 0..<30 {
                await log.write("run \(run) line \(number) " + String(repeating: "x", count: 20))
            }
        }
        let folder = directory + "/audit"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names == ["audit.log"] + (1..<AuditLog.filesMax).map { "audit.log.\($0)" })
        for name in names {
            let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            #expect(text.utf8.count <= 100)
            #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("run ") && $0.hasSuffix("xxxx") })
        }
        let newest = try String(contentsOfFile: folder + "/audit.log", encoding: .utf8)
        #expect(newest.contains("run 3 line 29 "))
    }

    @Test("does not follow a link in its place, and the action goes on")
    func link() async throws {
        try await TestGateway.run { gateway in
            let target = gateway.directory + "/elsewhere"
            #expect(FileManager.default.createFile(atPath: target, contents: nil))
            try FileManager.default.createDirectory(
                atPath: gateway.directory + "/audit",
                withIntermediateDirectories: true
            )
            try FileManager.default.createSymbolicLink(
                atPath: gateway.directory + "/audit/audit.log",
                withDestinationPath: target
            )
            _ = try await gateway.token("{}")
            #expect(try String(contentsOfFile: target, encoding: .utf8).isEmpty)
        }
    }
}
