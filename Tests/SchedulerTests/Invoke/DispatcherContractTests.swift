// SPDX-License-Identifier: Apache-2.0
// What the dispatcher makes of a contract's heads.

import Contracts
import FunctionModel
import HTTPTypes
import NIOCore
import Testing

@testable import Scheduler

@Suite struct DispatcherContractTests {
    @Test("under cgi the head is read from the output, and a broken one is the platform's outcome")
    func cgi() async throws {
        func call(_ output: [String]) async throws -> InvocationAnswer {
            let world = try DispatcherWorld(program(output)) { $0.contract = .cgi }
            return try await world.dispatcher.invoke(world.name, world.request())
        }
        guard case .complete(let head, let body, let record) = try await call(["Status: 201\n\nmade"]) else {
            throw DispatcherWorld.Streamed()
        }
        #expect(head.status == 201 && String(buffer: body) == "made")
        #expect(record.outcome == .ok && record.responseStatus == 201)
        guard case .redirected(let target, _) = try await call(["Location: /x\n\n"]) else {
            throw DispatcherWorld.Streamed()
        }
        #expect(target == "/x")
        guard case .complete(_, _, let broken) = try await call(["no header\n\n"]) else {
            throw DispatcherWorld.Streamed()
        }
        #expect(broken.outcome == .platform && broken.cause == .answerMalformed)
        let rest = String(repeating: "a", count: 100_000)
        guard case .streaming(let large, let stream) = try await call(["Content-Type: a/b\n\n", rest]) else {
            throw DispatcherWorld.Streamed()
        }
        #expect(large.fields[.contentType] == "a/b")
        var bytes = 0
        while let piece = await stream.next() { bytes += piece.readableBytes }
        #expect(bytes == 100_000, "the header is no part of the body")
    }

    @Test("a path that no variable can carry is refused before a sandbox is taken, and on record")
    func unprintablePath() async throws {
        let world = try DispatcherWorld()
        var request = world.request()
        request.head.pathRest = "/%00"
        await #expect(throws: InvocationRefusal.requestInvalid(.unprintablePath)) {
            _ = try await world.dispatcher.invoke(world.name, request)
        }
        #expect(world.sink.invocations.map(\.cause) == [.requestInvalid])
    }
}
