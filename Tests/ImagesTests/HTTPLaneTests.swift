// SPDX-License-Identifier: Apache-2.0
// One connection over libcurl: what it costs to wait, how it ends, what it sends.

import CSandbox
import Foundation
import Glibc
import Testing

@testable import HTTPClient
@testable import ImageBuilder

@Suite struct HTTPLaneTests {
    private func url(_ server: TestServer, _ path: String = "/") throws -> URL {
        try #require(URL(string: "http://\(server.host)\(path)"))
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test("waiting for a silent server takes no processor time, on a new connection and on a kept one")
    func waiting() async throws {
        let server = try TestServer { _ in
            usleep(1_500_000)
            return TestReply(200, text: "late")
        }
        defer { server.stop() }
        let lane = HTTPLane(idleTimeoutSeconds: 10)
        for _ in 0..<2 {
            let before = Self.processorSeconds()
            let sink = CollectingSink(limitBytes: 100)
            let head = try await lane.perform(HTTPRequest("GET", try url(server)), into: sink).get()
            #expect(head.status == 200)
            #expect(String(decoding: sink.bytes, as: UTF8.self) == "late")
            #expect(Self.processorSeconds() - before < 0.5)
        }
    }

    @Test("a cancelled exchange ends at once")
    func cancelled() async throws {
        let server = try TestServer { _ in
            sleep(5)
            return TestReply(200)
        }
        defer { server.stop() }
        let lane = HTTPLane(idleTimeoutSeconds: 60)
        let request = HTTPRequest("GET", try url(server))
        let running = Task { await lane.perform(request, into: CollectingSink(limitBytes: 100)) }
        try await Task.sleep(for: .milliseconds(200))
        let begin = ContinuousClock.now
        running.cancel()
        guard case .failure(let failure) = await running.value else {
            Issue.record("it went on")
            return
        }
        #expect(failure.kind == .cancelled)
        #expect(ContinuousClock.now - begin < .seconds(2))
    }

    @Test("silence ends an exchange, a closed port and an unknown name are distinguished")
    func failures() async throws {
        let server = try TestServer { _ in
            sleep(4)
            return TestReply(200)
        }
        func failure(_ text: String) async throws -> TransportFailure? {
            let url = try #require(URL(string: text))
            let lane = HTTPLane(idleTimeoutSeconds: 1)
            let result = await lane.perform(HTTPRequest("GET", url), into: CollectingSink(limitBytes: 1))
            guard case .failure(let failure) = result else { return nil }
            return failure
        }
        #expect(try await failure("http://\(server.host)/")?.cause == .silence)
        server.stop()
        #expect(try await failure("http://127.0.0.1:1/")?.cause == .noConnection)
        #expect(try await failure("http://name.invalid/")?.cause == .unknownHost)
        #expect(try await failure("file:///etc/passwd")?.cause == .badAddress)
    }

    @Test("bodies arrive from memory, from a file and from a pipe that is slow", arguments: ["POST", "GET"])
    func bodies(method: String) async throws {
        let server = try TestServer { TestReply(200, ["X-Length": "\($0.body.count)"]) }
        defer { server.stop() }
        let scratch = try Scratch()
        try scratch.write("from a file", to: "body")
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (readEnd, writeEnd) = (ends[0], ends[1])
        defer { close(readEnd) }
        Thread.detachNewThread {
            usleep(300_000)
            _ = Glibc.write(writeEnd, "from", 4)
            usleep(300_000)
            _ = Glibc.write(writeEnd, " a pipe", 7)
            close(writeEnd)
        }
        let lane = HTTPLane(idleTimeoutSeconds: 10)
        let bodies: [HTTPRequest.Body] = [
            .bytes(Data("from memory".utf8)), .file(path: scratch.path + "/body"), .stream(readEnd),
        ]
        for body in bodies {
            let request = HTTPRequest(method, try url(server), body: body)
            let head = try await lane.perform(request, into: CollectingSink(limitBytes: 1)).get()
            #expect(head.status == 200)
        }
        #expect(server.requests.map(\.method) == [method, method, method])
        let sent = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(sent == ["from memory", "from a file", "from a pipe"])
    }

    @Test("a stream that turns out not to be whole breaks the request off")
    func brokenStream() async throws {
        let server = try TestServer { _ in TestReply(200) }
        defer { server.stop() }
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        _ = Glibc.write(ends[1], "half", 4)
        close(ends[1])
        let request = HTTPRequest("PUT", try url(server), body: .stream(ends[0], isWhole: { false }))
        let lane = HTTPLane(idleTimeoutSeconds: 10)
        let outcome = await lane.perform(request, into: CollectingSink(limitBytes: 1))
        #expect(throws: TransportFailure.self) { try outcome.get() }
        #expect(server.requests.isEmpty)
    }

    @Test("a header may come in pieces and repeat its fields, but not without end")
    func head() {
        var lines = ResponseHeadLines()
        func add(_ text: String) -> ResponseHeadLines.Step {
            text.utf8CString.withUnsafeBytes { lines.add(.init(rebasing: $0.dropLast())) }
        }
        #expect(add("HTTP/1.1 100 Continue\r\n") == .more)
        #expect(add("\r\n") == .complete(status: 100, fields: [:]))
        #expect(add("HTTP/2 401 \r\n") == .more)
        #expect(add("WWW-Authenticate: Basic\r\n") == .more)
        #expect(add("www-authenticate:Bearer a=\"b:c\"\r\n") == .more)
        #expect(add("no field\r\n") == .more)
        #expect(
            add("\r\n") == .complete(status: 401, fields: ["www-authenticate": "Basic, Bearer a=\"b:c\""])
        )
        #expect(add(String(repeating: "x", count: ResponseHeadLines.bytesMax)) == .tooLong)
    }
}
