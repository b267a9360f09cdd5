// SPDX-License-Identifier: Apache-2.0
// Logs of several containers in one stream, each line behind its container's name.

import Compose
import Foundation
import GatewayAPI
import Synchronization

/// Prints logs of containers.
struct ComposeLogs {
    /// Which lines, and how.
    struct Form: Hashable, Sendable {
        var follows = false
        var tail: Int?
        var since: String?
        var until: String?
        var hasTimes = false
        var hasPrefix = true
        var hasColour = false
    }

    let client: GatewayClient
    let form: Form

    /// Prints the logs of all containers; when it follows, until the last of them rests.
    ///
    /// - Parameter containers: ids with the name in front of each line.
    /// - Throws: ``CommandFailure`` of the first log that cannot be read.
    func show(_ containers: [(id: String, name: String)]) async throws {
        let width = containers.map(\.name.count).max() ?? 0
        let screen = LogScreen()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, container) in containers.enumerated() {
                let prefix = form.hasPrefix ? prefix(container.name, width: width, index: index) : ""
                if form.follows {
                    group.addTask { try await follow(container.id, prefix: prefix, screen) }
                } else {
                    try await follow(container.id, prefix: prefix, screen)
                }
            }
            try await group.waitForAll()
        }
    }

    private func prefix(_ name: String, width: Int, index: Int) -> String {
        let text = name + String(repeating: " ", count: width - name.count) + "  | "
        guard form.hasColour else { return text }
        return "\u{1B}[\(Self.colours[index % Self.colours.count])m\(text)\u{1B}[0m"
    }

    /// Cyan, yellow, green, magenta, blue: Docker's order.
    private static let colours = [36, 33, 32, 35, 34]

    private func follow(_ id: String, prefix: String, _ screen: LogScreen) async throws {
        var request = GatewayRequest("GET", APIPattern.containerLogs.path(id))
        if form.follows { request.query.append(("follow", "true")) }
        if let tail = form.tail { request.query.append(("tail", "\(tail)")) }
        if let since = form.since { request.query.append(("since", since)) }
        if let until = form.until { request.query.append(("until", until)) }
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let what = "cannot read the log of '\(id)'"
        var splitter = ResponseLineSplitter()
        var refusal = Data()
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            for line in splitter.append(bytes) { try write(line, prefix, screen, what) }
        }
        guard head.isSuccess else { throw client.failure(GatewayResponse(head: head, body: refusal), what) }
        if let line = splitter.finish() { try write(line, prefix, screen, what) }
    }

    private func write(
        _ json: Data,
        _ prefix: String,
        _ screen: LogScreen,
        _ what: String
    ) throws(CommandFailure) {
        let line = try GatewayClient.decode(ContainerLogLine.self, from: json, what)
        let time = form.hasTimes ? line.time + " " : ""
        let text = line.log.hasSuffix("\n") ? String(line.log.dropLast()) : line.log
        try screen.write(prefix + time + text + "\n", isError: line.stream == "stderr" && !form.hasPrefix)
    }
}

/// Writes whole lines, one at a time.
final class LogScreen: Sendable {
    private let lock = Mutex(())

    func write(_ line: String, isError: Bool) throws(CommandFailure) {
        try lock.withLock { (_) throws(CommandFailure) in
            try (isError ? Terminal.error : Terminal.output).write(line.utf8)
        }
    }
}
