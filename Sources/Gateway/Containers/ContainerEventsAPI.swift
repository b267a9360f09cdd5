// SPDX-License-Identifier: Apache-2.0
// What happens to containers, as lines of JSON, for as long as the client listens. OwnPaths adds it.

import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// GET /v1/container-events.
struct ContainerEventsAPI: Sendable {
    let containers: Containers

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.containerEvents, [.get: listen])
    }

    @Sendable private func listen(_ request: Request, _ context: OwnContext) async throws -> Response {
        guard let events = containers.events() else {
            var problem = Problem(503, .unavailable, "too many clients listen for events already")
            problem.retryAfterSeconds = 5
            throw problem
        }
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.lines],
            body: ResponseBody { writer in
                // Sends the head, so that the client knows that it is connected.
                try await writer.write(ByteBuffer())
                for await event in events {
                    let body = ContainerEventBody(
                        time: event.time,
                        action: event.action.rawValue,
                        id: event.id,
                        name: event.name,
                        image: event.image,
                        exitCode: event.exitCode
                    )
                    var line = ByteBuffer(bytes: try APIJSON.encode(body))
                    line.writeString("\n")
                    try await writer.write(line)
                }
                try await writer.finish(nil)
            }
        )
    }
}
