// SPDX-License-Identifier: Apache-2.0
// Answers every failure on the paths of AWS Lambda's API in the form of that API. OwnPaths puts it outermost there.

import HTTPTypes
import Hummingbird

/// Turns what handlers throw into AWS's exceptions.
struct LambdaErrors: RouterMiddleware {
    typealias Context = OwnContext

    let log: ProblemLog

    func handle(
        _ request: Request,
        context: OwnContext,
        next: @concurrent (Request, OwnContext) async throws -> Response
    ) async throws -> Response {
        do {
            var response = try await next(request, context)
            response.headers[.amazonRequestID] = context.call.id
            return response
        } catch RequestRefusal.brokenOff {
            throw RequestRefusal.brokenOff
        } catch is Abandoned {
            throw Abandoned()
        } catch {
            if context.call.connection.isLost { throw Abandoned() }
            log.write(Problem(translating: error), callID: context.call.id, path: context.call.target.path)
            return LambdaError(translating: error).response(callID: context.call.id)
        }
    }
}

extension Problem {
    /// An exception of AWS Lambda's API, for the audit log.
    init(_ error: LambdaError) {
        let code: Code =
            switch error.status {
            case 403: .forbidden
            case 404: .unknownFunction
            case 409: .conflict
            case 413: .bodyTooLarge
            case 429: .busy
            case 500...: .unavailable
            default: .invalid
            }
        self.init(error.status, code, error.message)
    }
}
