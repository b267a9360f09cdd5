// SPDX-License-Identifier: Apache-2.0
// Long operations that report progress line by line, and clients that disconnect before the end.

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import Gateway

@Suite struct ProgressLinesTests {
    private struct Sink: ResponseBodyWriter {
        mutating func write(_ buffer: ByteBuffer) async throws {}
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    @Test("an operation that is silent is cancelled when its client goes away")
    func clientGone() async throws {
        let response = try await ProgressLines<Int>.response { (report) -> String in
            report(1)
            try await Task.sleep(for: .seconds(60))
            return "late"
        } isProgress: { _ in
            true
        } line: {
            Data("\($0)".utf8)
        }
        let body = response.body
        let writing = Task { try await body.write(Sink()) }
        try await Task.sleep(for: .milliseconds(100))
        let begin = ContinuousClock.now
        writing.cancel()
        _ = await writing.result
        #expect(ContinuousClock.now - begin < .seconds(10))
    }
}
