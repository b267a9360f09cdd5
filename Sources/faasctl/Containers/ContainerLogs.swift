// SPDX-License-Identifier: Apache-2.0
// The log of a container on this terminal: stdout to stdout, stderr to stderr. LogsCommand uses it.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

/// One reading of a container's log.
struct ContainerLogs {
    let client: GatewayClient
    var follow = false
    var since: String?
    var until: String?
    var tail: String?
    var timestamps = false

    /// Writes the lines.
    ///
    /// - Returns: false when no container has the name.
    /// - Throws: ``CommandFailure``.
    func write(_ name: String) async throws(CommandFailure) -> Bool {
        let what = "cannot read the log of '\(name)'"
        var request = GatewayRequest("GET", APIPattern.containerLogs.path(name))
        if follow {
            request.query.append(("follow", "true"))
            request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        }
        if let since { request.query.append(("since", since)) }
        if let until { request.query.append(("until", until)) }
        if let tail { request.query.append(("tail", tail)) }
        var splitter = ResponseLineSplitter()
        var refusal = Data()
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            for line in splitter.append(bytes) { try write(line, what) }
        }
        guard head.isSuccess else {
            let answer = GatewayResponse(head: head, body: refusal)
            if answer.isUnknownContainer { return false }
            throw client.failure(answer, what)
        }
        if let last = splitter.finish() { try write(last, what) }
        return true
    }

    private func write(_ line: Data, _ what: String) throws(CommandFailure) {
        guard !line.isEmpty else { return }
        let entry = try GatewayClient.decode(ContainerLogLine.self, from: line, what)
        let text = timestamps ? entry.time + " " + entry.log : entry.log
        try (entry.stream == "stderr" ? Terminal.error : Terminal.output).write(text.utf8)
    }

    /// A time as Docker takes it: RFC 3339, seconds since 1970, or a span such as 10m before now.
    static func moment(_ text: String, field: String) throws -> String {
        if Double(text) != nil || text.contains("T") { return text }
        let span: TimeSpan
        do { span = try TimeSpan(text, field: field) } catch { throw ValidationError("\(error)") }
        return Date(timeIntervalSinceNow: -Double(span.nanoseconds) / 1e9).formatted(.iso8601)
    }
}
