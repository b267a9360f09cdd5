// SPDX-License-Identifier: Apache-2.0
// Answers the requests of the listener for metrics alone. GatewayChannel drives it.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Serves /metrics, and nothing else.
final class MetricsEdge: ConnectionResponder {
    /// Has no other path.
    private let paths: OwnPaths
    private let proxies: TrustedProxies
    private let log: ProblemLog
    private let dates = HTTPDate()

    init(_ paths: OwnPaths, proxies: TrustedProxies, log: ProblemLog) {
        self.paths = paths
        self.proxies = proxies
        self.log = log
    }

    @concurrent func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        on connection: Connection,
        _ channel: any Channel
    ) async throws {
        let arrived = WallTime.now()
        var random = SystemRandomNumberGenerator()
        let id = CallID.choose(request.headers[.callID], using: &random)
        var response = await answer(request, connection, id, arrived)
        response.headers[.date] = dates.text(at: arrived.seconds)
        // No body is read here.
        if RedirectEdge.hasBody(request) { response.headers[.connection] = "close" }
        if request.method == .head { response = response.createHeadResponse() }
        try await writer.write(response: response.head, body: response.body)
    }

    private func answer(_ request: Request, _ connection: Connection, _ id: String, _ arrived: WallTime) async
        -> Response
    {
        if request.head.scheme == nil, let refusal = connection.refusal {
            return Problem(refusal).response(callID: id)
        }
        guard let target = RequestTarget(request.head.path ?? "") else {
            return Problem.malformed("the request target is malformed").response(callID: id)
        }
        let call = ReceivedCall(
            id: id,
            arrived: arrived,
            target: target,
            connection: connection,
            client: proxies.client(connection.peer, request.headers)
        )
        do {
            // It asks the database, for which no connection of the same loop is to wait.
            return try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try await paths.respond(to: request, call)
            }
        } catch {
            let problem = Problem(translating: error)
            log.write(problem, callID: id, path: target.path)
            return problem.response(callID: id)
        }
    }
}
