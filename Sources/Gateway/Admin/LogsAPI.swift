// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's log stream: lines of JSON, with an end or followed. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird

/// GET /system/logs.
struct LogsAPI: Sendable {
    let catalog: any FunctionCatalog
    let store: any HistoryRepository
    let recorder: InvocationRecorder

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.logs, [.get: logs])
    }

    /// `name` (needed), `since` (RFC 3339), `tail` (0 or less means all), `follow`, and `instance`: an invocation's
    /// id, or how it begins.
    @Sendable private func logs(_ request: Request, _ context: OwnContext) async throws -> Response {
        var query = try Self.query(context)
        let follows = context.flag("follow")
        // Subscribed before the first page is read: no line falls between the two.
        let flushes = follows ? recorder.logFlushes() : nil
        if follows, flushes == nil {
            var problem = Problem(503, .unavailable, "too many clients follow logs already")
            problem.retryAfterSeconds = 5
            throw problem
        }
        await recorder.flush()
        try await requireKnown(query)
        if let begin = query.invocation {
            query.invocation = try await invocation(beginning: begin, query, follows: follows)
        }
        let page = try await store.logs(query)
        query.tail = nil
        query.since = nil
        query.after = page.cursor
        let body = Self.body(page.lines, query, flushes, store)
        return Response(status: .ok, headers: [.contentType: MediaName.lines], body: body)
    }

    /// A removed function's log still exists: only a name without a log is unknown.
    private func requireKnown(_ query: LogQuery) async throws {
        guard let name = query.function, catalog.current(name) == nil else { return }
        guard try await store.hasHistory(of: name) else { throw Problem.unknownFunction(name.text) }
    }

    /// The whole id of the one invocation that is meant; a follower may wait for one that is still to come.
    private func invocation(beginning text: String, _ query: LogQuery, follows: Bool) async throws -> String {
        guard let name = query.function else { return text }
        let ids = try await store.invocationIDs(of: name, beginning: text)
        guard ids.count < 2 else {
            throw Problem(
                400,
                .invalid,
                "instance: '\(text.prefix(64))' is a prefix of several ids; use a longer one"
            )
        }
        guard let id = ids.first ?? (follows ? text : nil) else {
            throw Problem(404, .invalid, "function '\(name)' has no invocation '\(text.prefix(64))'")
        }
        return id
    }

    private static func query(_ context: OwnContext) throws -> LogQuery {
        guard let name = context.query("name"), !name.isEmpty else {
            throw Problem(422, .invalid, "'name' is missing, expected a function's name")
        }
        var query = LogQuery(function: try context.function(name))
        if let text = context.query("since") {
            guard let since = APIJSON.date(text) else {
                throw Problem(422, .invalid, "'since' is not a time of RFC 3339")
            }
            query.since = since
        }
        if let text = context.query("tail") {
            guard let tail = Int(text) else { throw Problem(422, .invalid, "'tail' is not a number") }
            query.tail = tail > 0 ? tail : nil
        }
        if let instance = context.query("instance"), !instance.isEmpty { query.invocation = instance }
        return query
    }

    private static func body(
        _ first: [LogLine],
        _ next: LogQuery,
        _ flushes: AsyncStream<Void>?,
        _ store: any HistoryRepository
    ) -> ResponseBody {
        guard let flushes else { return ResponseBody(byteBuffer: text(first)) }
        return ResponseBody { writer in
            var query = next
            // An empty piece too: it sends the head, so that the client knows it is connected.
            try await writer.write(text(first))
            for await _ in flushes {
                let page = try await store.logs(query)
                query.after = page.cursor
                if !page.lines.isEmpty { try await writer.write(text(page.lines)) }
            }
            try await writer.finish(nil)
        }
    }

    /// One ``LogEntry`` per line, written by hand: there can be thousands.
    static func text(_ lines: [LogLine]) -> ByteBuffer {
        var text = ""
        for line in lines {
            text += JSONText.object([
                ("name", .string(line.function.localName)),
                ("namespace", .string(line.function.namespace)),
                ("instance", .string(line.invocation)),
                ("timestamp", .string(APIJSON.timestamp(line.timestamp))),
                ("text", .string(line.text)),
            ])
            text += "\n"
        }
        return ByteBuffer(string: text)
    }
}
