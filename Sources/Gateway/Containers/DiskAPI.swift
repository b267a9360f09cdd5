// SPDX-License-Identifier: Apache-2.0
// What images, containers and volumes take of the disk. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// GET /v1/disk.
struct DiskAPI: Sendable {
    let containers: Containers

    func add(to router: RouterGroup<OwnContext>) { router.resource(APIPath.disk, [.get: show]) }

    @Sendable private func show(_ request: Request, _ context: OwnContext) async throws -> Response {
        let images = try await containers.imageUse()
        let body = DiskBody(
            images: DiskBody.Sum(images.map { ($0.bytes, $0.isActive) }),
            containers: await containers.layerUse().map(Self.item),
            volumes: try await containers.volumeUse().map(Self.item)
        )
        return try WireJSON.response(body)
    }

    private static func item(_ use: DiskUse) -> DiskBody.Item {
        DiskBody.Item(
            name: use.name,
            sizeBytes: use.bytes,
            limitBytes: use.limit?.bytes,
            isActive: use.isActive
        )
    }
}
