// SPDX-License-Identifier: Apache-2.0
// One project and its gateway: what every command of compose but config begins with.

import Compose
import Foundation
import FunctionModel
import GatewayAPI
import ManifestReader

/// A loaded project, its plan, and the gateway that has its containers.
struct ComposeSession {
    let client: GatewayClient
    let global: GlobalOptions
    let files: ComposeFiles
    let project: ComposeProject
    let plan: ComposePlan
    /// Functions of the project by their service.
    let functions: [String: FunctionManifest]

    /// Loads the project.
    ///
    /// - Parameters:
    ///   - global: options of every command.
    ///   - options: of the project.
    ///   - short: options before the subcommand.
    ///   - chosen: services of the command line; they are enabled whatever their profiles.
    /// - Returns: the session.
    /// - Throws: ``CommandFailure`` or ``ManifestError``.
    static func open(
        _ global: GlobalOptions,
        _ options: ComposeOptions,
        short: ShortComposeOptions? = nil,
        chosen: [String] = []
    ) throws -> ComposeSession {
        let files = try ComposeFiles.find(options, short: short)
        let project = try files.project(options, short: short, chosen: chosen)
        try ComposeGaps.check(project)
        for remark in project.remarks { global.remark("faasctl: \(remark)") }
        var functions: [String: FunctionManifest] = [:]
        for service in project.services {
            guard var function = try service.functionManifest(project: project.name) else { continue }
            function.configuration.uses += service.services(of: project)
            try Deployer.check(function)
            functions[service.name] = function
        }
        let plan = ComposePlan(project: project, order: try project.startOrder())
        do throws(ComposePlanError) { try plan.check(chosen) } catch { throw failure(error) }
        return ComposeSession(
            client: try global.client(),
            global: global,
            files: files,
            project: project,
            plan: plan,
            functions: functions
        )
    }

    /// A refusal of the plan as the command's failure.
    static func failure(_ error: ComposePlanError) -> CommandFailure {
        CommandFailure("cannot perform the command", why: error.description)
    }

    /// The project's containers, running or not.
    func containers() async throws(CommandFailure) -> [ContainerBody] {
        var request = GatewayRequest("GET", APIPath.containers)
        request.query = [("all", "true"), ("label", "\(ComposeLabel.project)=\(project.name)")]
        return try await client.value([ContainerBody].self, request, "cannot list the containers")
    }

    /// What there is of the project.
    func state() async throws(CommandFailure) -> ComposeState {
        var state = ComposeState()
        state.containers = try await containers().compactMap(ObservedContainer.init)
        let volumes = GatewayRequest("GET", APIPath.volumes)
        state.volumes = Set(
            try await client.value([VolumeBody].self, volumes, "cannot list the volumes").map(\.name)
        )
        let networks = GatewayRequest("GET", APIPath.networks)
        state.networks = Set(
            try await client.value([NetworkBody].self, networks, "cannot list the networks").map(\.name)
        )
        return state
    }
}

extension ObservedContainer {
    /// A container with the labels of a project's service; nil for another one.
    init?(_ body: ContainerBody) {
        let labels = body.request.labels
        guard let service = labels[ComposeLabel.service] else { return nil }
        self.init(id: body.id, name: body.name, service: service)
        number = labels[ComposeLabel.number].flatMap { Int($0) } ?? 1
        isOneOff = labels[ComposeLabel.oneOff] == "True"
        isRunning = body.state.status.isActive
        configHash = labels[ComposeLabel.configHash] ?? ""
        image = body.imageDigest.description
    }
}
