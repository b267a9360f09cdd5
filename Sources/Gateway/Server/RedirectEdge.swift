// SPDX-License-Identifier: Apache-2.0
// Answers the requests of the listener without TLS. GatewayChannel drives it; RedirectRules decides.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization

/// Redirects to HTTPS, and answers the challenges of a certificate authority.
final class RedirectEdge: ConnectionResponder {
    private let rules: RedirectRules
    private let dates = HTTPDate()
    /// Where HTTPS is served; 0 before that is known.
    private let securePort: Atomic<Int>

    /// - Parameters:
    ///   - rules: decide about each request.
    ///   - securePort: of the other listener; 0 when the kernel chooses it.
    init(_ rules: RedirectRules, securePort: Int) {
        self.rules = rules
        self.securePort = Atomic(securePort)
    }

    /// The listener for HTTPS is bound.
    func setSecurePort(_ port: Int) { securePort.store(port, ordering: .relaxed) }

    @concurrent func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        on connection: Connection,
        _ channel: any Channel
    ) async throws {
        var random = SystemRandomNumberGenerator()
        let id = CallID.choose(request.headers[.callID], using: &random)
        var response = answer(request, connection, id)
        response.headers[.date] = dates.text(at: WallTime.now().seconds)
        // A body is not read: the request has to be sent elsewhere.
        if Self.hasBody(request) { response.headers[.connection] = "close" }
        if request.method == .head { response = response.createHeadResponse() }
        try await writer.write(response: response.head, body: response.body)
    }

    private func answer(_ request: Request, _ connection: Connection, _ id: String) -> Response {
        if request.head.scheme == nil, let refusal = connection.refusal {
            return Problem(refusal).response(callID: id)
        }
        let port = securePort.load(ordering: .relaxed)
        let answer = rules.answer(
            authority: request.head.authority,
            target: request.head.path ?? "",
            port: port == 0 ? nil : port
        )
        switch answer {
        case .challenge(let text):
            guard request.method == .get || request.method == .head else {
                return Problem.methodNotAllowed("GET, HEAD").response(callID: id)
            }
            return Response(
                status: .ok,
                headers: [.contentType: "application/octet-stream", .callID: id],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text))
            )
        case .moved(let location):
            return Response(status: .permanentRedirect, headers: [.location: location, .callID: id])
        case .refused(let problem): return problem.response(callID: id)
        }
    }

    /// Whether a body follows the head.
    static func hasBody(_ request: Request) -> Bool {
        if request.headers[.transferEncoding] != nil { return true }
        return request.headers[.contentLength].map { $0 != "0" } ?? false
    }
}
