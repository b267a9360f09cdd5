// SPDX-License-Identifier: Apache-2.0
// Alertmanager's webhook, as OpenFaaS takes it to scale functions. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird

/// POST /system/alert.
///
/// Sandboxes follow the calls, so that an alert has nothing to scale; its functions have to exist, as for
/// /system/scale-function.
struct AlertAPI: Sendable {
    let catalog: any FunctionCatalog
    let bodyBytesMax: Int

    /// The part of Alertmanager's payload (version 4) that names functions; the rest is the receiver's affair.
    private struct Payload: Decodable {
        struct Alert: Decodable {
            struct Labels: Decodable {
                enum CodingKeys: String, CodingKey { case function = "function_name" }

                var function: String?
            }

            var labels: Labels?
        }

        var alerts: [Alert]
    }

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.alert, [.post: take])
    }

    @Sendable private func take(_ request: Request, _ context: OwnContext) async throws -> Response {
        let buffer = try await request.body.collect(upTo: bodyBytesMax)
        let payload: Payload
        do {
            payload = try JSONDecoder().decode(Payload.self, from: Data(buffer.readableBytesView))
        } catch {
            throw Problem(400, .invalid, "the body is not Alertmanager's: 'alerts' with labels is missing")
        }
        for name in payload.alerts.compactMap(\.labels?.function) {
            let name = try FunctionName(name)
            guard catalog.current(name) != nil else { throw Problem.unknownFunction(name.text) }
        }
        return Response(status: .ok)
    }
}
