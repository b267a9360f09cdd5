// SPDX-License-Identifier: Apache-2.0
// The head that the `stdio` contract gives an answer.

import FunctionModel
import HTTPTypes
import NIOCore
import Testing

@testable import Contracts

@Suite struct StdioResponseTests {
    private func type(_ output: String, accept: String?, contentType: String? = nil) throws -> String? {
        var configuration = FunctionConfiguration()
        configuration.contentType = contentType
        var head = RequestHead(method: .get, target: "/", scriptName: "/", callID: "1")
        head.fields[.accept] = accept
        var state = ContractAdapter(configuration, program: "/run").response(to: head)
        var bytes = ByteBuffer(string: output)
        guard case .begins(let response) = state.received(&bytes, isEnd: false) else { return nil }
        #expect(response.status == 200)
        #expect(String(buffer: bytes) == output, "the body is the whole output")
        return response.fields[.contentType]
    }

    @Test(
        "output that begins as a stream of events is one when the client asks and the function names no type",
        arguments: [
            ("data: 1\n\n", "text/event-stream", "text/event-stream"),
            (": hi\n\n", "text/event-stream", "text/event-stream"),
            ("event: x\ndata: 1\n\n", "application/json, text/event-stream", "text/event-stream"),
            ("hello", "text/event-stream", "application/octet-stream"),
            ("", "text/event-stream", "application/octet-stream"),
            ("data: 1\n\n", "*/*", "application/octet-stream"),
        ]
    ) func events(_ output: String, _ accept: String, _ expected: String) throws {
        #expect(try type(output, accept: accept) == expected)
    }

    @Test("content_type is the answer's type, whatever the output begins with")
    func configured() throws {
        #expect(
            try type("data: 1\n\n", accept: "text/event-stream", contentType: "text/plain") == "text/plain"
        )
        #expect(try type("", accept: nil, contentType: "image/png") == "image/png")
    }
}
