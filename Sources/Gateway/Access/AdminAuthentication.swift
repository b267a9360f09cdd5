// SPDX-License-Identifier: Apache-2.0
// Requires the administrator's credentials or a token. OwnPaths puts it in front of every administrative path; what a
// token may do there is decided by each route's RouteRule.

import HTTPTypes
import Hummingbird

/// HTTP Basic authentication in the form that OpenFaaS's clients know, and bearer tokens.
struct AdminAuthentication: RouterMiddleware {
    typealias Context = OwnContext

    let guardian: LoginGuard

    func handle(
        _ request: Request,
        context: OwnContext,
        next: @concurrent (Request, OwnContext) async throws -> Response
    ) async throws -> Response {
        let address = context.call.client.address
        switch await guardian.check(request.headers[.authorization], from: address) {
        case .caller(let caller):
            var context = context
            context.caller = caller
            return try await next(request, context)
        case .refused(let problem):
            guard problem.code == .unauthorized else { throw problem }
            var response = Response(
                status: .unauthorized,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "invalid credentials"))
            )
            response.headers[.wwwAuthenticate] = "Basic realm=\"Restricted\""
            return response
        }
    }
}
