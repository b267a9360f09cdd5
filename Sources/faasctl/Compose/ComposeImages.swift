// SPDX-License-Identifier: Apache-2.0
// Images of a project: which of them the gateway has, builds, pulls, and what containers are to be made of.

import Compose
import Foundation
import FunctionModel
import GatewayAPI
import OCI

/// Gets the images of a project.
struct ComposeImages {
    let session: ComposeSession

    /// Builds and pulls what is missing or asked for.
    func prepare(_ options: UpOptions) async throws(CommandFailure) {
        var present: Set<String> = []
        for service in session.project.services {
            let name = service.imageName(project: session.project.name)
            if !present.contains(name), try await digest(of: name) != nil { present.insert(name) }
        }
        let steps: [ImageStep]
        do throws(ComposePlanError) { steps = try session.plan.images(options, present: present) } catch {
            throw ComposeSession.failure(error)
        }
        for step in steps {
            switch step {
            case .build(let name): try await build(name, noCache: false)
            case .pull(let name): try await pull(name)
            }
        }
    }

    func build(_ name: String, noCache: Bool, arguments: [String: String] = [:]) async throws(CommandFailure)
    {
        guard let service = session.project[service: name], let build = service.build else { return }
        var settings = BuildSettings()
        settings.dockerfile = build.dockerfile
        settings.arguments = build.arguments.merging(arguments) { _, flag in flag }
        settings.target = build.target
        settings.noCache = build.noCache || noCache
        settings.tag = service.imageName(project: session.project.name)
        let building = ImageBuilding(client: session.client, global: session.global)
        let digest = try await building.build(URL(fileURLWithPath: build.context), settings)
        session.global.remark("Image \(settings.tag ?? "") built \(digest)")
    }

    func pull(_ name: String) async throws(CommandFailure) {
        guard let image = session.project[service: name]?.image else { return }
        let transfer = Transfer(client: session.client, global: session.global)
        _ = try await transfer.pull(image, "cannot pull '\(image)' for '\(name)'")
        session.global.remark("Image \(image) pulled")
    }

    /// The digest of a name; nil when the gateway lacks it.
    private func digest(of name: String) async throws(CommandFailure) -> Digest? {
        let request = GatewayRequest("GET", APIPattern.image.path(name))
        let answer = try await session.client.exchange(request)
        if answer.head.status == 404 { return nil }
        let what = "cannot look up the image '\(name)'"
        guard answer.head.isSuccess else { throw session.client.failure(answer, what) }
        return try GatewayClient.decode(ImageBody.Inspected.self, from: answer.body, what).digest
    }

    /// What the containers of all services are to be made of; without an image of a service that is not selected.
    func targets() async throws(CommandFailure) -> [String: ServiceTarget] {
        var targets: [String: ServiceTarget] = [:]
        for service in session.project.services where service.function == nil {
            let digest = try await digest(of: service.imageName(project: session.project.name))
            targets[service.name] = ServiceTarget(
                configHash: try ConfigHash.of(service, in: session.project),
                image: digest?.description ?? ""
            )
        }
        return targets
    }
}

/// The label by which a changed service is found.
enum ConfigHash {
    /// SHA-256 of the service in long forms, and of the texts of its configurations.
    static func of(_ service: ComposeService, in project: ComposeProject) throws(CommandFailure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var hash = SHA256()
        do { hash.update(Array(try encoder.encode(service.renderedForHash))) } catch {
            throw CommandFailure("cannot hash the service '\(service.name)'", why: "\(error)")
        }
        for volume in project.volumes { hash.update(Array("\(volume.key)=\(volume.name);".utf8)) }
        for network in project.networks { hash.update(Array("\(network.key)=\(network.name);".utf8)) }
        return String(hash.finish().description.split(separator: ":").last ?? "")
    }
}
