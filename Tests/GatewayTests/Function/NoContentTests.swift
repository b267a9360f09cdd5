// SPDX-License-Identifier: Apache-2.0
// A function cannot write a second response behind one that has no content.

import Contracts
import FunctionModel
import NIOCore
import Scheduler
import Testing

@testable import Gateway

@Suite struct NoContentTests {
    private static let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"

    @Test(
        "nothing that a function writes follows a 204 or 304, whether its answer is whole or streams",
        arguments: [204, 304],
        [true, false]
    ) func dropped(_ status: Int, _ isStreamed: Bool) async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            let record = FakeInvoker.record(function, request.id, .ok) { $0.responseStatus = status }
            let head = ResponseHead(status: status)
            return isStreamed
                ? .streaming(head, FakeOutput([Self.forged], record))
                : .complete(head, output: ByteBuffer(string: Self.forged), record)
        }
        try await TestGateway.run(invoker) { gateway in
            let request = "GET /function/hello HTTP/1.1\r\nHost: h\r\n"
            let bytes = try await gateway.client.exchange(
                [request + "\r\n" + request + "Connection: close\r\n\r\n"]
            )
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("forged"), "\(text)")
            #expect(
                text.split(separator: "HTTP/1.1 \(status) ").count == 2,
                "both requests are answered: \(text)"
            )
        }
    }
}
