// SPDX-License-Identifier: Apache-2.0
// Writes who changed what, from where, and with which result. OwnPaths puts it behind the authentication: a stranger
// cannot fill the log.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Synchronization

/// What a handler adds to its request's line: the names that are in the body.
final class AuditNote: Sendable {
    private let text = Mutex("")

    /// The subject, such as `secret api-key`; the last one counts.
    func about(_ subject: String) { text.withLock { $0 = subject } }

    var subject: String { text.withLock { $0 } }
}

/// One line per administrative request that may change something.
struct AuditTrail: RouterMiddleware {
    typealias Context = OwnContext

    let log: AuditLog

    /// Parameters of a query that name what an action is about; others may hold values that are secret.
    private static let named = ["function", "namespace", "reference", "name", "state"]
    /// Bytes of a text in a line.
    private static let textBytesMax = 256

    func handle(
        _ request: Request,
        context: OwnContext,
        next: @concurrent (Request, OwnContext) async throws -> Response
    ) async throws -> Response {
        guard Self.isAction(request.head) else { return try await next(request, context) }
        let note = AuditNote()
        var context = context
        context.audit = note
        do {
            var response = try await next(request, context)
            if Self.isRun(request.head, context.lambda) { return response }
            guard response.body.contentLength == nil else {
                await write(request, context, Result(status: response.status.code))
                return response
            }
            // The result of a long action is its last line.
            let end = StreamEnd()
            let body = response.body.map { piece in
                end.note(piece)
                return piece
            }
            let status = response.status.code
            let kept = context
            response.body = ResponseBody { writer in
                do {
                    try await body.write(writer)
                } catch {
                    await write(request, kept, Result(status: status, error: "the client went away"))
                    throw error
                }
                await write(request, kept, Result(status: status, error: end.error))
            }
            return response
        } catch {
            let problem = Problem(translating: error)
            if Self.isRun(request.head, context.lambda), problem.status != 403 { throw error }
            await write(request, context, Result(status: problem.status, code: problem.code.rawValue))
            throw error
        }
    }

    private struct Result {
        var status: Int
        var code: String?
        var error: String?
    }

    /// Reading and waiting change nothing, and what is typed into an attached container is its user's own affair.
    private static func isAction(_ head: HTTPRequest) -> Bool {
        let path = (head.path ?? "").prefix { $0 != "?" }
        // Files of a container may be secrets: who took which is recorded.
        if path.hasPrefix(APIPath.containers + "/"), path.hasSuffix("/archive") { return true }
        guard head.method != .get, head.method != .head, head.method != .options else { return false }
        guard path.hasPrefix(APIPath.containers + "/") else { return true }
        return !["/input", "/size", "/signal", "/wait"].contains { path.hasSuffix($0) }
    }

    /// A run or a call changes nothing and is recorded as an invocation; of its refusals only those of callers who may
    /// run nothing have a line.
    ///
    /// The many runs of one token would push the changes of others out of the log.
    private static func isRun(_ head: HTTPRequest, _ route: LambdaRoute?) -> Bool {
        if let route { return RouteRules.rule(route.operation).scope == .invoke }
        return (head.path ?? "").prefix { $0 != "?" } == APIPath.run
    }

    private func write(_ request: Request, _ context: OwnContext, _ result: Result) async {
        let call = context.call
        var members: [(name: String, value: JSONText.Value)] = [
            ("time", .string(APIJSON.timestamp(call.arrived.date))), ("call_id", .string(call.id)),
        ]
        if let caller = context.caller {
            if let id = caller.tokenID { members.append(("token", .string(id))) }
            members.append((caller.tokenID == nil ? "user" : "token_name", .string(caller.name)))
        }
        members.append(("peer", .string(call.client.address)))
        members.append(("method", .string(request.method.rawValue)))
        members.append(("path", .string(Self.short(String(call.target.path)))))
        for name in Self.named {
            if let value = context.query(name) { members.append((name, .string(Self.short(value)))) }
        }
        if let file = context.query("path") { members.append(("file", .string(Self.short(file)))) }
        let subject = context.audit?.subject ?? ""
        if !subject.isEmpty { members.append(("subject", .string(Self.short(subject)))) }
        members.append(("status", .integer(result.status)))
        if let code = result.code { members.append(("code", .string(code))) }
        if let error = result.error { members.append(("error", .string(Self.short(error)))) }
        await log.write(JSONText.object(members))
    }

    private static func short(_ text: String) -> String {
        text.utf8.count <= textBytesMax ? text : String(text.prefix(textBytesMax)) + "…"
    }
}

/// How a stream of lines ended.
private final class StreamEnd: Sendable {
    private struct Line: Decodable { var error: String? }

    private let last = Mutex(ByteBuffer())
    /// A longer piece is output, not the line of an end.
    private static let bytesMax = 8192

    func note(_ piece: ByteBuffer) {
        guard piece.readableBytes > 0, piece.readableBytes <= Self.bytesMax else { return }
        last.withLock { $0 = piece }
    }

    /// The error of the last line; nil when it has none.
    var error: String? {
        let piece = last.withLock { $0 }
        guard let line = piece.readableBytesView.split(separator: UInt8(ascii: "\n")).last else { return nil }
        // Frames of a container are no lines.
        return (try? JSONDecoder().decode(Line.self, from: Data(line)))?.error
    }
}
