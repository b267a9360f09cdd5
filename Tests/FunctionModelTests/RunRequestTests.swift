// SPDX-License-Identifier: Apache-2.0
// Requests of POST /v1/run: what they mean, and what is refused.

import Foundation
import FunctionModel
import Testing

@Suite("A run's request")
struct RunRequestTests {
    private static func request(_ json: String) throws -> RunRequest {
        try JSONDecoder().decode(RunRequest.self, from: Data(json.utf8))
    }

    @Test("of code is the interpreter's command in the image of the language's name")
    func code() throws {
        let planning = try RunPlanning(Self.request(#"{"code": "print(1)", "language": "python"}"#))
        #expect(planning.command == ["python3", "-c", "print(1)"])
        #expect(planning.image == "python")
        let other = try RunPlanning(Self.request(#"{"image": "x:1", "code": ":", "language": "sh"}"#))
        #expect(other.command == ["sh", "-c", ":"] && other.image == "x:1")
        #expect(try RunPlanning(Self.request(#"{"image": "x"}"#)).command == nil)
    }

    @Test("brings files as text or base64, with octal permissions")
    func files() throws {
        let json = #"""
            {"image": "x", "files": [{"path": "/a/b", "content": "ü"},
             {"path": "c", "content_base64": "AP8=", "mode": "0755"}]}
            """#
        let files = try RunPlanning(Self.request(json)).files
        #expect(files.map(\.path) == ["/a/b", "c"] && files.map(\.mode) == [0o644, 0o755])
        #expect(files.map { Array($0.bytes) } == [[0xC3, 0xBC], [0, 0xFF]])
    }

    @Test(
        "with a mistake is refused by the name of its field",
        arguments: [
            (#"{}"#, "image"), (#"{"image": ""}"#, "image"),
            (#"{"image": "x", "command": ["a"], "code": "b", "language": "sh"}"#, "code"),
            (#"{"code": "b"}"#, "language"), (#"{"code": "b", "language": "cobol"}"#, "language"),
            (#"{"image": "x", "language": "sh"}"#, "language"),
            (#"{"image": "x", "command": []}"#, "command"),
            (#"{"image": "x", "command": [""]}"#, "command"),
            (#"{"image": "x", "command": ["a\u0000"]}"#, "command"),
            (#"{"code": "\u0000", "language": "sh"}"#, "code"),
            (#"{"image": "x", "env": {"A=B": "c"}}"#, "env"), (#"{"image": "x", "env": {"": "c"}}"#, "env"),
            (#"{"image": "x", "workdir": "a"}"#, "workdir"),
            (#"{"image": "x", "workdir": "/a/../b"}"#, "workdir"),
            (#"{"image": "x", "timeout": "0s"}"#, "timeout"),
            (#"{"image": "x", "limits": {"memory": "1"}}"#, "limits.memory"),
            (#"{"image": "x", "limits": {"pids": 0}}"#, "limits.pids"),
            (#"{"image": "x", "files": [{"path": "/a/", "content": ""}]}"#, "files[0].path"),
            (#"{"image": "x", "files": [{"path": "", "content": ""}]}"#, "files[0].path"),
            (#"{"image": "x", "files": [{"path": "/../a", "content": ""}]}"#, "files[0].path"),
            (#"{"image": "x", "files": [{"path": "a//b", "content": ""}]}"#, "files[0].path"),
            (#"{"image": "x", "files": [{"path": "a"}]}"#, "files[0]"),
            (#"{"image": "x", "files": [{"path": "a", "content": "", "content_base64": ""}]}"#, "files[0]"),
            (#"{"image": "x", "files": [{"path": "a", "content_base64": "*"}]}"#, "files[0].content_base64"),
            (#"{"image": "x", "files": [{"path": "a", "content": "", "mode": "888"}]}"#, "files[0].mode"),
            (#"{"image": "x", "files": [{"path": "a", "content": "", "mode": "4755"}]}"#, "files[0].mode"),
            (#"{"image": "x", "return_files": ["a/."]}"#, "return_files"),
            (#"{"image": "x", "return_files": ["/"]}"#, "return_files"),
        ]
    )
    func mistakes(json: String, field: String) throws {
        let request = try Self.request(json)
        let mistake = #expect(throws: RunMistake.self) { try RunPlanning(request) }
        guard case .invalid(let error) = mistake else {
            return #expect(Bool(false), "\(json): \(mistake as Any)")
        }
        #expect(error.field == field, "\(json)")
    }

    @Test("beyond a bound is refused with the bound")
    func bounds() throws {
        var request = RunRequest()
        request.language = "sh"
        request.code = String(repeating: "x", count: RunBounds.codeBytesMax)
        #expect(throws: Never.self) { try RunPlanning(request) }
        request.code = (request.code ?? "") + "x"
        let max = RunBounds.codeBytesMax
        #expect(throws: RunMistake.tooLarge(field: "code", bytes: max + 1, max: max)) {
            try RunPlanning(request)
        }
        request.code = ":"
        let half = Data(count: RunBounds.filesBytesMax / 2 + 1).base64EncodedString()
        request.files = [RunFile(path: "a", contentBase64: half)]
        #expect(throws: Never.self) { try RunPlanning(request) }
        request.files.append(RunFile(path: "b", contentBase64: half))
        #expect(throws: RunMistake.self) { try RunPlanning(request) }
        request.files = (0...RunBounds.filesMax).map { RunFile(path: "f\($0)", contentBase64: "") }
        #expect(throws: RunMistake.self) { try RunPlanning(request) }
        request.files = []
        request.returnedFiles = (0...RunBounds.returnedFilesMax).map { "f\($0)" }
        #expect(throws: RunMistake.self) { try RunPlanning(request) }
    }

    @Test(
        "asks for more than a run may take: the refusal names the field and the bound",
        arguments: [
            (#""timeout": "10m1s""#, "timeout", "10m"),
            (#""limits": {"memory": "1025Mi"}"#, "limits.memory", "1Gi"),
            (#""limits": {"disk": "1025Mi"}"#, "limits.disk", "1Gi"),
            (#""limits": {"cpu": "8500m"}"#, "limits.cpu", "8"),
            (#""limits": {"pids": 1025}"#, "limits.pids", "1024"),
            (#""limits": {"output": "9Mi"}"#, "limits.output", "8Mi"),
        ]
    )
    func ceilings(json: String, field: String, bound: String) throws {
        let request = try Self.request(#"{"image": "x", "command": ["a"], "# + json + "}")
        let mistake = #expect(throws: RunMistake.self) { try RunPlanning(request) }
        guard case .invalid(let error) = mistake else { return #expect(Bool(false), "\(mistake as Any)") }
        #expect(error.field == field && error.expected.contains("at most " + bound), "\(error)")
    }

    @Test("may take all that a run may, and a small output where it is one body and names none")
    func outputs() throws {
        let json =
            #"{"image": "x", "timeout": "10m", "limits": {"memory": "1Gi", "disk": "1Gi", "pids": 1024}}"#
        let most = try Self.request(json)
        #expect(try RunPlanning(most).request.limits.output == .mebibytes(1))
        #expect(try RunPlanning(most, isStreamed: true).request.limits.output == .mebibytes(64))
        let large = try Self.request(#"{"image": "x", "limits": {"output": "9Mi"}}"#)
        #expect(try RunPlanning(large, isStreamed: true).request.limits.output == .mebibytes(9))
        let small = try Self.request(#"{"image": "x", "limits": {"output": "2Ki"}}"#)
        #expect(try RunPlanning(small).request.limits.output.bytes == 2048)
        let files = try Self.request(#"{"image": "x", "files": [{"path": "a", "content": "b"}]}"#)
        #expect(try RunPlanning(files).request.files.isEmpty && RunPlanning(files).files.count == 1)
    }

    @Test("has the same meaning after it was encoded")
    func coding() throws {
        var request = RunRequest()
        (request.image, request.command, request.input) = ("x", ["a", "b"], "in")
        (request.user, request.workingDirectory, request.network) = ("1:2", "/w", .egress)
        request.environment = ["A": "b"]
        request.files = [RunFile(path: "p", contentBase64: "AA==", mode: "700")]
        request.returnedFiles = ["q"]
        request.timeout = .seconds(3)
        request.limits.memory = .mebibytes(7)
        request.outputMax = .mebibytes(1)
        request.limits.output = .mebibytes(1)
        let json = try JSONEncoder().encode(request)
        #expect(try JSONDecoder().decode(RunRequest.self, from: json) == request)
        #expect(!String(decoding: json, as: UTF8.self).contains("body"))
    }
}
