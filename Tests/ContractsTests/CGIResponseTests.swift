// SPDX-License-Identifier: Apache-2.0
// The answers of the `cgi` contract, whole and in pieces (RFC 3875, section 6).

import FunctionModel
import HTTPTypes
import NIOCore
import Testing

@testable import Contracts

@Suite struct CGIResponseTests {
    private struct Answer: Hashable {
        var event: ResponseEvent
        var body: String
    }

    private func state(program: String = "/cgi") -> ResponseState {
        var configuration = FunctionConfiguration()
        configuration.contract = .cgi
        let head = RequestHead(method: .get, target: "/", scriptName: "/", callID: "1")
        return ContractAdapter(configuration, program: program).response(to: head)
    }

    /// The answer to output that comes at once, checked against the same output byte by byte.
    private func answer(_ output: String, program: String = "/cgi") -> Answer {
        var whole = state(program: program)
        var bytes = ByteBuffer(string: output)
        let event = whole.received(&bytes, isEnd: true)
        let answer = Answer(event: event, body: String(buffer: bytes))
        var pieces = state(program: program)
        var (last, body) = (ResponseEvent.incomplete, "")
        for byte in output.utf8 {
            var piece = ByteBuffer(bytes: [byte])
            if last == .incomplete { last = pieces.received(&piece, isEnd: false) }
            if case .begins = last { body += String(buffer: piece) }
        }
        var end = ByteBuffer()
        if last == .incomplete { last = pieces.received(&end, isEnd: true) }
        #expect(last == event, "the answer does not depend on how the output is cut")
        if case .begins = event { #expect(body == answer.body) }
        return answer
    }

    private func begins(_ status: Int, _ fields: HTTPFields, _ body: String) -> Answer {
        Answer(event: .begins(ResponseHead(status: status, fields: fields)), body: body)
    }

    @Test("a document has its type, and status 200 unless it names one", arguments: ["\n", "\r\n"])
    func document(_ end: String) {
        let type = "Content-Type: text/plain" + end
        #expect(answer(type + end + "hi\n") == begins(200, [.contentType: "text/plain"], "hi\n"))
        let created = "Status: 201 Created" + end + type + "Location: https://h/x" + end + end
        #expect(
            answer(created + "{}")
                == begins(201, [.contentType: "text/plain", .location: "https://h/x"], "{}")
        )
        #expect(answer("Status: 204" + end + end) == begins(204, [:], ""))
    }

    @Test("fields are passed on in their order, and those of the gateway's connection are not")
    func fields() throws {
        let output = """
            Content-type:text/html
            Set-Cookie: a=1
            Set-Cookie: b=2
            Connection: close
            Date: yesterday
            Upgrade: h2c
            X-Empty:

            body
            """
        var fields: HTTPFields = [.contentType: "text/html"]
        fields.append(HTTPField(name: .setCookie, value: "a=1"))
        fields.append(HTTPField(name: .setCookie, value: "b=2"))
        fields.append(HTTPField(name: try #require(HTTPField.Name("X-Empty")), value: ""))
        #expect(answer(output) == begins(200, fields, "body"))
    }

    @Test(
        "a path alone as Location is served by the gateway; with a body or a status the client is sent there"
    )
    func redirects() {
        #expect(answer("Location: /function/x?a=1\n\n").event == .localRedirect("/function/x?a=1"))
        #expect(answer("Content-Type: text/html\nLocation: /x\n\n").event == .localRedirect("/x"))
        #expect(answer("Location: /x\n\nbody") == begins(302, [.location: "/x"], "body"))
        #expect(answer("Status: 303 Other\nLocation: /x\n\n") == begins(303, [.location: "/x"], ""))
        #expect(answer("Location: https://h/x\n\n") == begins(302, [.location: "https://h/x"], ""))
        #expect(answer("Location: //h/x\n\n") == begins(302, [.location: "//h/x"], ""))
    }

    @Test(
        "output that breaks a rule is refused with the rule's name",
        arguments: [
            ("", ResponseFault.headIncomplete), ("Content-Type: text/plain\n", .headIncomplete),
            ("hello\n\n", .line), ("\n", .noField), ("X-A: 1\n\nbody", .noField),
            ("Status: 20\n\n", .status), ("Status: abc\n\n", .status), ("Status: 199\n\n", .status),
            ("Status: 600\n\n", .status), ("Status: 101 Switching\n\n", .status),
            ("Status: 200\nStatus: 201\n\n", .duplicate),
            ("Content-Type: a/b\ncontent-type: c/d\n\n", .duplicate),
            ("Content-Type: a/b\nbad name: x\n\n", .line), ("Content-Type: a/b\n folded\n\n", .line),
            ("Content-Type: a/b\nX: a\u{1}b\n\n", .line), ("Content-Type: a/b\nX: a\rY: b\n\n", .line),
            ("Content-Type: a/b\n: x\n\n", .line), ("Location: relative\n\n", .location),
            ("Location: \n\n", .location), ("Content-Type: a/b\nContent-Length: x\n\n", .length),
            ("Content-Type: a/b\nContent-Length: +1\n\na", .length),
            ("Transfer-Encoding: chunked\nContent-Type: a/b\n\n", .framing),
        ]
    ) func malformed(_ output: String, _ fault: ResponseFault) {
        #expect(answer(output).event == .malformed(fault))
    }

    @Test("a header without an end is refused at its bound, not collected for ever")
    func bound() {
        var endless = state()
        var piece = ByteBuffer(repeating: UInt8(ascii: "a"), count: CGIResponse.headBytesMax)
        #expect(endless.received(&piece, isEnd: false) == .incomplete)
        var more = ByteBuffer(string: "a")
        #expect(endless.received(&more, isEnd: false) == .malformed(.headTooLarge))
        let large =
            "Content-Type: a/b\nX: " + String(repeating: "a", count: CGIResponse.headBytesMax) + "\n\n"
        var whole = state()
        var bytes = ByteBuffer(string: large)
        #expect(whole.received(&bytes, isEnd: true) == .malformed(.headTooLarge))
    }

    @Test("a program named nph-… writes the whole response itself")
    func nonParsed() {
        let output = "HTTP/1.1 418 Teapot\r\nX-A: 1\r\nConnection: close\r\n\r\nshort"
        let event = answer(output, program: "/bin/nph-tea")
        guard case .begins(let head) = event.event else {
            Issue.record("\(event)")
            return
        }
        #expect(head.status == 418 && head.fields.count == 1 && event.body == "short")
        #expect(answer("Status: 200\n\n", program: "nph-x").event == .malformed(.status))
        #expect(answer(output).event == .malformed(.line), "only such a program")
    }

    @Test(
        "a Content-Length has to be true, but for HEAD and 304",
        arguments: [("5", nil), ("6", ResponseFault.length)]
    )
    func length(_ declared: String, _ fault: ResponseFault?) {
        let head = ResponseHead(fields: [.contentLength: declared])
        #expect(head.fault(bodyBytes: 5, of: .get) == fault)
        #expect(head.fault(bodyBytes: 0, of: .head) == nil)
        #expect(ResponseHead(status: 304, fields: [.contentLength: "9"]).fault(bodyBytes: 0, of: .get) == nil)
        #expect(ResponseHead().fault(bodyBytes: 5, of: .get) == nil)
    }
}
