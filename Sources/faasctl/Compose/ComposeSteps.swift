// SPDX-License-Identifier: Apache-2.0
// Performs the steps of a plan, one after the other, and says what it did.

import Compose
import Foundation
import FunctionModel
import GatewayAPI

/// Performs steps.
struct ComposeSteps {
    let session: ComposeSession

    private var client: GatewayClient { session.client }
    private var project: ComposeProject { session.project }

    /// Performs all steps; the first failure ends them.
    func perform(_ steps: [ComposeStep], stopSeconds: Int? = nil) async throws {
        for step in steps { try await perform(step, stopSeconds: stopSeconds) }
    }

    private func perform(_ step: ComposeStep, stopSeconds: Int?) async throws {
        switch step {
        case .createNetwork(let key): try await createNetwork(key)
        case .removeNetwork(let name): try await delete(APIPattern.network.path(name), "Network", name)
        case .createVolume(let key): try await createVolume(key)
        case .create(let name): try await create(name)
        case .start(let name): try await start(name)
        case .stop(let container): try await stop(container, seconds: stopSeconds)
        case .remove(let container): try await remove(container)
        case .wait(let name, let condition, let isRequired):
            try await ComposeWait(session: session).until(name, condition, isRequired: isRequired)
        case .waitUntilUp(let name): try await ComposeWait(session: session).untilUp(name)
        case .deploy(let name): try await ComposeFunctions(session: session).deploy(name)
        case .removeFunction(let name): try await ComposeFunctions(session: session).remove(name)
        case .removeVolume(let name):
            try await delete(APIPattern.volume.path(name), "Volume", name)
        case .removeImage(let name):
            try await delete(APIPattern.image.path(name), "Image", name)
        }
    }

    private func createVolume(_ key: String) async throws(CommandFailure) {
        guard let volume = project.volumes.first(where: { $0.key == key }) else { return }
        var request = GatewayRequest("POST", APIPath.volumes)
        var labels = volume.labels
        labels[ComposeLabel.project] = project.name
        labels[ComposeLabel.volume] = key
        try request.setJSON(VolumeRequest(name: volume.name, labels: labels))
        _ = try await client.require(request, "cannot create the volume '\(volume.name)'")
        session.global.remark("Volume \(volume.name) created")
    }

    private func createNetwork(_ key: String) async throws(CommandFailure) {
        guard let network = project.networks.first(where: { $0.key == key }) else { return }
        var request = GatewayRequest("POST", APIPath.networks)
        var labels = network.labels
        labels[ComposeLabel.project] = project.name
        labels[ComposeLabel.network] = key
        try request.setJSON(NetworkRequest(name: network.name, labels: labels))
        _ = try await client.require(request, "cannot create the network '\(network.name)'")
        session.global.remark("Network \(network.name) created")
    }

    private func create(_ name: String) async throws(CommandFailure) {
        guard let service = project[service: name] else { return }
        try createFolders(of: service)
        var request = GatewayRequest("POST", APIPath.containers)
        let body = try ServiceContainer(session: session, service: service).request(number: 1)
        try request.setJSON(body)
        _ = try await client.require(request, "cannot create the container of '\(name)'")
        session.global.remark("Container \(body.name ?? name) created")
    }

    /// Folders of bind mounts that are not there are made, as Docker makes them, where the gateway is this machine's.
    private func createFolders(of service: ComposeService) throws(CommandFailure) {
        for mount in service.mounts {
            guard case .bind(let path, true) = mount.source, !FileManager.default.fileExists(atPath: path)
            else { continue }
            do {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            } catch {
                throw CommandFailure("cannot make the folder '\(path)'", why: error.localizedDescription)
            }
        }
    }

    private func start(_ name: String) async throws(CommandFailure) {
        guard let service = project[service: name] else { return }
        let container = service.containerName(project: project.name, number: 1)
        try await post(APIPattern.containerStart.path(container), "cannot start the container of '\(name)'")
        session.global.remark("Container \(container) started")
    }

    /// Stops a container with its own signal and time.
    func stop(_ container: ObservedContainer, seconds: Int?) async throws(CommandFailure) {
        var request = GatewayRequest("POST", APIPattern.containerStop.path(container.id))
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        if let seconds { request.query = [("grace", "\(seconds)")] }
        _ = try await client.require(request, "cannot stop '\(container.name)'")
        session.global.remark("Container \(container.name) stopped")
    }

    func remove(_ container: ObservedContainer, isForced: Bool = false) async throws(CommandFailure) {
        var request = GatewayRequest("DELETE", APIPattern.container.path(container.id))
        if isForced { request.query = [("force", "true")] }
        _ = try await client.require(request, "cannot remove '\(container.name)'")
        session.global.remark("Container \(container.name) removed")
    }

    /// A request without a body whose answer is not looked at.
    func post(
        _ path: String,
        query: [(name: String, value: String)] = [],
        _ what: String
    ) async throws(CommandFailure) {
        var request = GatewayRequest("POST", path)
        request.query = query
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        _ = try await client.require(request, what)
    }

    private func delete(_ path: String, _ kind: String, _ name: String) async throws(CommandFailure) {
        let what = "cannot remove the \(kind.lowercased()) '\(name)'"
        let answer = try await client.exchange(GatewayRequest("DELETE", path))
        guard answer.head.isSuccess || answer.head.status == 404 else { throw client.failure(answer, what) }
        session.global.remark("\(kind) \(name) removed")
    }
}
