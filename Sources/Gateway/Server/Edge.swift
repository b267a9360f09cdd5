// SPDX-License-Identifier: Apache-2.0
// The entry point of every request: chooses between functions and the gateway's own paths. GatewayChannel drives it.

import Contracts
import FunctionModel
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Scheduler

/// The responder behind every connection.
final class Edge: ConnectionResponder {
    private let routes: RouteCache
    private let functions: FunctionHandler
    private let queue: AsyncHandler
    private let own: OwnPaths
    private let proxies: TrustedProxies
    private let dates = HTTPDate()
    private let log: ProblemLog
    private let versions: VersionDoor
    /// Under which the gateway's own paths are the gateway's, whatever hosts functions claim.
    private let hosts: AdminHosts

    init(
        routes: RouteCache,
        functions: FunctionHandler,
        queue: any AsynchronousCalls,
        own: OwnPaths,
        hosts: AdminHosts,
        proxies: TrustedProxies,
        log: ProblemLog
    ) {
        self.routes = routes
        self.functions = functions
        self.queue = AsyncHandler(functions: functions, queue: queue)
        self.own = own
        self.hosts = hosts
        self.proxies = proxies
        self.log = log
        versions = VersionDoor(guardian: functions.guardian, catalog: routes.catalog)
    }

    /// Redirects of one request between functions: more is a loop.
    static let redirectsMax = 10

    private enum Destination {
        case function(RouteMatch)
        /// The function runs later.
        case asynchronous(RouteMatch)
        /// A revision that is not served now.
        case unserved(FunctionName, Int)
        case own
        /// A browser asks for a page of another origin, and for this method.
        case preflight(CORSRules, method: String)
        /// `OPTIONS *`: the gateway itself (RFC 9110, section 9.3.7).
        case server
        case nowhere(Problem)
    }

    /// Answers one request.
    ///
    /// - Throws: when the connection has to be closed without a further byte.
    @concurrent func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        on connection: Connection,
        _ channel: any Channel
    ) async throws {
        let arrived = WallTime.now()
        let request = withoutForeignFields(request, connection)
        var random = SystemRandomNumberGenerator()
        let id = CallID.choose(request.headers[.callID], using: &random)
        let text = request.head.path ?? ""
        var served: FunctionHandler.Served
        if request.head.scheme == nil, let refusal = connection.refusal {
            served = .init(response: Problem(refusal).response(callID: id))
        } else if let target = RequestTarget(text) {
            let client = proxies.client(connection.peer, request.headers)
            let call = ReceivedCall(
                id: id,
                arrived: arrived,
                target: target,
                connection: connection,
                client: client
            )
            let destination = await prepared(choose(request, target), request, call)
            if Self.mustContinue(request, destination) {
                try await writer.writeInformationalHead(HTTPResponse(status: .continue))
            }
            served = try await serve(request, call, destination)
        } else {
            served = .init(
                response: Problem.malformed("the request target is malformed").response(callID: id)
            )
        }
        served.response.headers[.date] = dates.text(at: arrived.seconds)
        if request.method == .head { served.response = Self.withoutBody(served.response) }
        if Self.leavesBody(request, served) { served.response.headers[.connection] = "close" }
        try await writer.write(response: served.response.head, body: served.response.body)
        try await finish(served, channel)
    }

    /// Ends the connection when a streamed body was not read to its end.
    ///
    /// The client gets a moment to read its answer first: Hummingbird drains what still comes until
    /// ConnectionHandler closes the channel. A body given up in the middle of a read can have no second reader.
    private func finish(_ served: FunctionHandler.Served, _ channel: any Channel) async throws {
        guard let gauge = served.gauge, gauge.progress != .finished else { return }
        if served.response.headers[.connection] == nil { channel.close(mode: .output, promise: nil) }
        guard gauge.isBroken else { return }
        try await channel.closeFuture.get()
        throw Abandoned()
    }

    /// What a peer says of others counts only when it is trusted.
    private func withoutForeignFields(_ request: Request, _ connection: Connection) -> Request {
        guard proxies.drops(connection.peer) else { return request }
        var head = request.head
        for name in TrustedProxies.fieldNames { head.headerFields[name] = nil }
        return Request(head: head, body: request.body)
    }

    private static let asyncPrefix = "/async-function/"

    private func choose(_ request: Request, _ target: RequestTarget) -> Destination {
        if let wanted = CORSRules.preflightMethod(request.head) {
            switch find(request, target, method: wanted) {
            case .function(let match), .asynchronous(let match):
                if let cors = match.function.cors { return .preflight(cors, method: wanted) }
            case .own, .unserved, .preflight, .server, .nowhere: break
            }
        }
        return find(request, target, method: request.method.rawValue)
    }

    private func find(_ request: Request, _ target: RequestTarget, method: String) -> Destination {
        let table = routes.table()
        if target.path == "*" { return .server }
        // A function that claims the gateway's own host must not get the credentials of administrators.
        if table.hasHosts, let authority = request.head.authority,
            !(OwnPaths.owns(target.path) && hosts.allows(authority))
        {
            let host = RequestHead.splitAuthority(authority).host.lowercased()
            switch table.hostMatch(host, target.path, method: method) {
            case .found(let match): return .function(match)
            case .otherMethods(let allow): return .nowhere(.methodNotAllowed(allow))
            case .none: break
            }
        }
        if target.path.hasPrefix("/function/") {
            let tail = target.path.dropFirst("/function/".count)
            return Self.named(tail, table) { .function($0) }
        }
        if target.path.hasPrefix(Self.asyncPrefix) {
            guard method == "POST" else { return .nowhere(.methodNotAllowed("POST")) }
            let tail = target.path.dropFirst(Self.asyncPrefix.count)
            return Self.named(tail, table) { .asynchronous($0) }
        }
        if OwnPaths.owns(target.path) { return .own }
        switch table.match(target.path, method: method) {
        case .found(let match): return .function(match)
        case .otherMethods(let allow): return .nowhere(.methodNotAllowed(allow))
        case .none: return target.path == "/" ? .own : .nowhere(.unknownPath)
        }
    }

    /// The function that the path names, or why there is none.
    private static func named(
        _ tail: Substring,
        _ table: RouteTable,
        _ destination: (RouteMatch) -> Destination
    ) -> Destination {
        switch table.functionMatch(tail, draw: { Int.random(in: 0..<CallShare.whole.thousandths) }) {
        case .found(let match): return destination(match)
        case .unserved(let name, let number): return .unserved(name, number)
        case .refused(let problem): return .nowhere(problem)
        case .none:
            let name = tail.prefix { $0 != "/" }.prefix(FunctionHandler.nameShownMax)
            return .nowhere(.unknownFunction(String(name)))
        }
    }

    /// The destination once a revision that was not served is.
    private func prepared(_ destination: Destination, _ request: Request, _ call: ReceivedCall) async
        -> Destination
    {
        guard case .unserved(let name, let number) = destination else { return destination }
        do {
            try await versions.open(name, number, request, call)
            return choose(request, call.target)
        } catch {
            return .nowhere(Problem(translating: error))
        }
    }

    private func serve(_ request: Request, _ call: ReceivedCall, _ destination: Destination) async throws
        -> FunctionHandler.Served
    {
        do {
            switch destination {
            case .function(let match):
                var served = try await serveFunction(request, match, call)
                match.function.cors?.apply(to: &served.response.headers, request.head)
                return served
            case .asynchronous(let match):
                var served = try await queue.serve(request, match, call)
                match.function.cors?.apply(to: &served.response.headers, request.head)
                return served
            case .preflight(let cors, let method):
                var response = cors.preflight(request.head, method: method)
                response.headers[.callID] = call.id
                return .init(response: response)
            case .own where OwnPaths.isImmediate(call.target.path):
                return .init(response: try await own.respond(to: request, call))
            case .own:
                // They ask the database and the disk, for which no connection of the same loop is to wait.
                return try await withTaskExecutorPreference(globalConcurrentExecutor) {
                    .init(response: try await own.respond(to: request, call))
                }
            case .server: return .init(response: Self.options(call.id))
            // A deploy took it away again since it was prepared.
            case .unserved(let name, let number):
                throw CatalogError.unknownRevision(name, number)
            case .nowhere(let problem): return .init(response: problem.response(callID: call.id))
            }
        } catch RequestRefusal.brokenOff {
            throw Abandoned()
        } catch is Abandoned {
            throw Abandoned()
        } catch {
            if call.connection.isLost { throw Abandoned() }
            let problem = Problem(translating: error)
            log.write(problem, callID: call.id, path: call.target.path)
            return .init(response: problem.response(callID: call.id))
        }
    }

    /// Runs the function, and those that it redirects to (RFC 3875, section 6.2.2).
    ///
    /// Only functions are served so: the gateway's own paths are for clients alone.
    private func serveFunction(_ request: Request, _ match: RouteMatch, _ call: ReceivedCall) async throws
        -> FunctionHandler.Served
    {
        var (reply, gauge) = try await functions.serve(request, match, call)
        var redirectCount = 0
        while case .redirect(let text) = reply {
            redirectCount += 1
            guard redirectCount <= Self.redirectsMax, let target = RequestTarget(text) else {
                return .init(response: Problem.redirectLoop.response(callID: call.id), gauge: gauge)
            }
            let next = Self.redirected(request, to: text)
            switch choose(next, target) {
            case .function(let match):
                let call = ReceivedCall(
                    id: CallID.makeRandom(),
                    arrived: .now(),
                    target: target,
                    connection: call.connection,
                    client: call.client
                )
                reply = try await functions.serve(next, match, call).reply
            case .own, .preflight, .server, .asynchronous, .unserved:
                return .init(response: Problem.unknownPath.response(callID: call.id), gauge: gauge)
            case .nowhere(let problem):
                return .init(response: problem.response(callID: call.id), gauge: gauge)
            }
        }
        guard case .response(var response) = reply else { throw Abandoned() }
        response.headers[.callID] = call.id
        return .init(response: response, gauge: gauge)
    }

    /// The request that the client would have sent for the path: GET, and no body.
    private static func redirected(_ request: Request, to target: String) -> Request {
        var head = request.head
        head.method = head.method == .head ? .head : .get
        head.path = target
        for name in [HTTPField.Name.contentLength, .transferEncoding, .contentType, .expect] {
            head.headerFields[name] = nil
        }
        return Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    }

    /// Whether the client waits for 100-continue before it sends its body (RFC 9110, section 10.1.1).
    private static func mustContinue(_ request: Request, _ destination: Destination) -> Bool {
        guard let expect = request.headers[.expect], expect.lowercased() == "100-continue" else {
            return false
        }
        switch destination {
        case .function(let match), .asynchronous(let match):
            let plan = BodyPlan(request.headers, bytesMax: match.function.bodyBytesMax)
            return plan != .tooLarge && plan != .malformed
        case .own:
            let plan = BodyPlan(request.headers, bytesMax: OwnPaths.bodyBytesMax(request.uri.path))
            return plan != .tooLarge && plan != .malformed
        case .preflight, .server, .nowhere, .unserved: return false
        }
    }

    /// Whether so much of the body may be unread that the connection cannot be reused after the answer.
    private static func leavesBody(_ request: Request, _ served: FunctionHandler.Served) -> Bool {
        // While output streams the body usually streams too: how far it got is known afterwards.
        if let gauge = served.gauge {
            return gauge.progress != .finished && served.response.body.contentLength != nil
        }
        guard served.response.status.code >= 400 else { return false }
        if request.headers[.transferEncoding] != nil { return true }
        guard let length = request.headers[.contentLength].flatMap({ Int($0) }) else { return false }
        return length > BodyPlan.wholeBytesMax
    }

    private static func options(_ callID: String) -> Response {
        Response(
            status: .noContent,
            headers: [.allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", .callID: callID]
        )
    }

    /// The answer to HEAD: the head of GET's answer, its Content-Length too (RFC 9110, section 9.3.2).
    private static func withoutBody(_ response: Response) -> Response {
        var head = response.createHeadResponse()
        head.headers[.trailer] = nil
        return head
    }
}
