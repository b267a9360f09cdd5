// SPDX-License-Identifier: Apache-2.0
// What a runtime may ask of the Runtime API, in and out of order.

import HTTPTypes
import Testing

@testable import Contracts

@Suite("The Runtime API")
struct RuntimeStateTests {
    /// A runtime that has its invocation: `next` was exchange 1.
    private static func running() -> RuntimeState {
        var state = RuntimeState()
        #expect(state.requested(.next, 1) == .hold(isReady: true))
        #expect(state.assign(id: "a") == .deliver)
        return state
    }

    @Test("gives an invocation to the runtime that waits, takes its answer, and lets it wait again")
    func order() {
        var state = Self.running()
        #expect(
            state.requested(.response(id: "a"), 2) == .collect(bytesMax: RuntimeState.payloadBytesMax)
        )
        #expect(state.ended(2) == .answer)
        #expect(state.requested(.next, 3) == .hold(isReady: false))
        #expect(state.assign(id: "b") == .deliver)
        #expect(state.requested(.response(id: "b"), 4, isStreaming: true, length: 9_000_000) == .pass)
        #expect(state.ended(4) == .answer)
    }

    @Test("takes an error for an answer, and one of the initialisation only before the first next")
    func errors() {
        var state = Self.running()
        #expect(state.requested(.initFailure, 2) == .refuse(.outOfOrder, nil))
        #expect(state.requested(.failure(id: "a"), 3) == .collect(bytesMax: RuntimeState.reportBytesMax))
        #expect(state.ended(3) == .report)
        var other = RuntimeState()
        #expect(other.requested(.initFailure, 1) == .collect(bytesMax: RuntimeState.reportBytesMax))
        #expect(other.ended(1) == .initFailure)
        #expect(other.requested(.next, 2) == .refuse(.outOfOrder, nil))
        #expect(other.assign(id: "a") == .refused)
    }

    @Test("forgets a failed initialisation whose report is not whole when next comes")
    func unfinishedReport() {
        var state = RuntimeState()
        _ = state.requested(.initFailure, 1)
        #expect(state.requested(.next, 2) == .hold(isReady: true))
        #expect(state.assign(id: "a") == .deliver)
        #expect(state.ended(1) == .none)
        #expect(state.requested(.response(id: "a"), 3) == .collect(bytesMax: RuntimeState.payloadBytesMax))
        #expect(state.ended(3) == .answer)
    }

    @Test(
        "refuses a second next while the first one waits, and fails an invocation that next leaves unanswered"
    )
    func secondNext() {
        var state = RuntimeState()
        #expect(state.requested(.next, 1) == .hold(isReady: true))
        #expect(state.requested(.next, 2) == .refuse(.outOfOrder, nil))
        #expect(state.assign(id: "a") == .deliver)
        #expect(state.requested(.next, 3) == .refuse(.outOfOrder, .unanswered))
        #expect(state.requested(.response(id: "a"), 4) == .refuse(.outOfOrder, nil))
    }

    @Test("refuses another id, and a second answer")
    func wrongAnswers() {
        var state = RuntimeState()
        #expect(state.requested(.response(id: "a"), 1) == .refuse(.unknownInvocation, nil))
        state = Self.running()
        #expect(state.requested(.response(id: "b"), 2) == .refuse(.unknownInvocation, nil))
        #expect(state.requested(.failure(id: ""), 3) == .refuse(.unknownInvocation, nil))
        _ = state.requested(.response(id: "a"), 4)
        #expect(state.requested(.response(id: "a"), 5) == .refuse(.outOfOrder, nil))
        #expect(state.ended(5) == .none)
        #expect(state.ended(4) == .answer)
        #expect(state.requested(.failure(id: "a"), 6) == .refuse(.outOfOrder, nil))
    }

    @Test("fails an invocation whose answer is too large, by its length or as it comes")
    func tooLarge() {
        let max = RuntimeState.payloadBytesMax
        var state = Self.running()
        #expect(
            state.requested(.response(id: "a"), 2, length: max + 1) == .refuse(.tooLarge, .payloadTooLarge)
        )
        state = Self.running()
        #expect(state.requested(.response(id: "a"), 2, length: max) == .collect(bytesMax: max))
        #expect(state.exceeded(3) == nil)
        #expect(state.exceeded(2) == .payloadTooLarge)
        #expect(state.ended(2) == .none)
        var report = RuntimeState()
        _ = report.requested(.initFailure, 1)
        #expect(report.exceeded(1) == nil)
        #expect(report.requested(.next, 2) == .hold(isReady: true))
    }

    @Test("keeps an invocation for a runtime whose connection broke while it waited")
    func interrupted() {
        var state = RuntimeState()
        _ = state.requested(.next, 1)
        #expect(state.closed(1) == nil)
        #expect(state.assign(id: "a") == .keep)
        #expect(state.assign(id: "b") == .refused)
        #expect(state.requested(.next, 2) == .deliver)
        #expect(state.requested(.response(id: "a"), 3) == .collect(bytesMax: RuntimeState.payloadBytesMax))
        #expect(state.closed(3) == .cutAnswer)
    }

    @Test("takes nothing when its program has ended")
    func ended() {
        var state = Self.running()
        #expect(state.closed(1) == nil)
        state.over()
        #expect(state.requested(.response(id: "a"), 2) == .refuse(.outOfOrder, nil))
        #expect(state.assign(id: "b") == .refused)
    }

    @Test(
        "has these paths, and no others",
        arguments: [
            ("GET", "invocation/next", "next"), ("GET", "invocation/next?x=1", "next"),
            ("POST", "invocation/a-1/response", #"response(id: "a-1")"#),
            ("POST", "invocation/a-1/error", #"failure(id: "a-1")"#), ("POST", "init/error", "initFailure"),
            ("POST", "invocation/next", "methodNotAllowed"), ("GET", "init/error", "methodNotAllowed"),
            ("PUT", "invocation/a/response", "methodNotAllowed"), ("GET", "invocation", "unknownPath"),
            ("POST", "invocation/a/b/response", "unknownPath"), ("GET", "restore/next", "unknownPath"),
            ("GET", "", "unknownPath"), ("GET", "invocation/next/", "unknownPath"),
        ]
    )
    func routes(method: String, path: String, expected: String) throws {
        let method = try #require(HTTPRequest.Method(method))
        let found: String
        do throws(RuntimeRefusal) {
            found = "\(try RuntimeRoute(method, path: "/2018-06-01/runtime/" + path))"
        } catch {
            found = "\(error)"
        }
        #expect(found == expected)
        #expect(throws: RuntimeRefusal.unknownPath) { _ = try RuntimeRoute(method, path: "/" + path) }
    }

    @Test("refuses in the words of the API, with a status for each reason")
    func refusals() {
        #expect(
            RuntimeRefusal.unknownInvocation.body
                == #"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#
        )
        #expect(RuntimeRefusal.tooLarge.body.contains("payload size (6291556 bytes)."))
        let statuses = RuntimeRefusal.allCases.map(\.status)
        #expect(statuses == [404, 405, 400, 403, 413, 400])
    }
}
