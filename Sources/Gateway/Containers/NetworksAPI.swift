// SPDX-License-Identifier: Apache-2.0
// Networks of containers. OwnPaths adds it.

import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// /v1/networks.
struct NetworksAPI: Sendable {
    let containers: Containers
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.networks, [.get: list, .post: create])
        router.resource(APIPattern.network.pattern, [.get: show, .delete: remove])
        router.resource(APIPattern.networkConnect.pattern, [.post: connect])
        router.resource(APIPattern.networkDisconnect.pattern, [.post: disconnect])
    }

    private func body(_ network: StoredNetwork) -> NetworkBody {
        NetworkBody(
            id: network.id,
            name: network.name,
            subnet: "\(LinkAddress(network: network.number, member: 0))/24",
            labels: network.labels,
            createdAt: network.createdAt,
            containers: containers.members(ofNetwork: network.name).map {
                NetworkBody.Member(id: $0.id, name: $0.name, address: $0.address.description)
            }
        )
    }

    /// `label`: `K` or `K=V`; repeatable.
    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let labels = context.queryAll("label")
        let networks = try await containers.networks().filter { network in
            labels.allSatisfy { ContainersAPI.matches($0, network.labels) }
        }
        return try WireJSON.response(networks.map(body))
    }

    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(NetworkRequest.self, request, bytesMax: bodyBytesMax)
        let network = try await containers.createNetwork(wanted.name, labels: wanted.labels ?? [:])
        return try WireJSON.response(body(network), status: .created)
    }

    @Sendable private func show(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response(body(try await containers.network(context.parameters.get("name") ?? "")))
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        try await containers.removeNetwork(context.parameters.get("name") ?? "")
        return Response(status: .noContent)
    }

    @Sendable private func connect(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(ConnectRequest.self, request, bytesMax: bodyBytesMax)
        let network = context.parameters.get("name") ?? ""
        context.audit?.about("connect \(wanted.container)")
        try await containers.connect(wanted.container, to: network, aliases: wanted.aliases ?? [])
        return Response(status: .noContent)
    }

    @Sendable private func disconnect(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(DisconnectRequest.self, request, bytesMax: bodyBytesMax)
        let network = context.parameters.get("name") ?? ""
        context.audit?.about("disconnect \(wanted.container)")
        try await containers.disconnect(wanted.container, from: network, force: wanted.force ?? false)
        return Response(status: .noContent)
    }
}
