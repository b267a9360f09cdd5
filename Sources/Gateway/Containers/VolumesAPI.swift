// SPDX-License-Identifier: Apache-2.0
// Named volumes. OwnPaths adds it.

import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// /v1/volumes.
struct VolumesAPI: Sendable {
    let containers: Containers
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.volumes, [.get: list, .post: create])
        router.resource(APIPattern.volume.pattern, [.get: show, .delete: remove])
    }

    private func body(_ volume: StoredVolume) -> VolumeBody {
        VolumeBody(
            name: volume.name,
            mountpoint: containers.place(ofVolume: volume.name),
            labels: volume.labels,
            createdAt: volume.createdAt,
            containers: containers.users(ofVolume: volume.name)
        )
    }

    /// `label`: `K` or `K=V`; repeatable.
    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let labels = context.queryAll("label")
        let volumes = try await containers.volumes().filter { volume in
            labels.allSatisfy { ContainersAPI.matches($0, volume.labels) }
        }
        return try WireJSON.response(volumes.map(body))
    }

    /// One that exists is the answer, as it is.
    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(VolumeRequest.self, request, bytesMax: bodyBytesMax)
        let volume = try await containers.createVolume(wanted.name, labels: wanted.labels ?? [:])
        return try WireJSON.response(body(volume), status: .created)
    }

    @Sendable private func show(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response(body(try await containers.volume(context.parameters.get("name") ?? "")))
    }

    /// `force`: an unknown one is no error.
    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        try await containers.removeVolume(context.parameters.get("name") ?? "", force: context.flag("force"))
        return Response(status: .noContent)
    }
}
