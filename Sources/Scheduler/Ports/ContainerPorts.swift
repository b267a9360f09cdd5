// SPDX-License-Identifier: Apache-2.0
// The published ports of one container, from before its start to its end. Container makes them.

import FunctionModel
import OCI
import Sandbox
import SandboxPorts

/// Listens before the container is made, so that a port in use refuses it; connects once it runs.
final class ContainerPorts: Sendable {
    /// Ports of one container; more are a mistake, and each is a listener.
    static let countMax = 64

    private let forwarder: PortForwarder
    private let dialler: PortDialler

    private init(_ forwarder: PortForwarder, _ dialler: PortDialler) {
        self.forwarder = forwarder
        self.dialler = dialler
    }

    /// Listens at all of them, or at none.
    ///
    /// - Parameters:
    ///   - mappings: what is published.
    ///   - budget: of all containers' connections.
    /// - Returns: what listens.
    /// - Throws: ``ContainerError``; nothing listens then.
    static func open(
        _ mappings: [PortMapping],
        within budget: ConnectionBudget
    ) async throws(ContainerError) -> ContainerPorts {
        guard mappings.count <= countMax else {
            let expected = "at most \(countMax) ports"
            throw .invalid(ModelError(field: "port", value: "\(mappings.count)", expected: expected))
        }
        let dialler = PortDialler()
        do throws(PortError) {
            let forwarder = try await PortForwarder.open(mappings, within: budget) {
                try await dialler.dial($0, $1)
            }
            return ContainerPorts(forwarder, dialler)
        } catch {
            switch error {
            case .taken(let place): throw .port("port \(place) of the gateway's host is in use already")
            case .refused(let place, let reason):
                throw .port("port \(place) of the gateway's host cannot be published: \(reason)")
            }
        }
    }

    /// What is to be published of a container: what was asked for, and with `publishesAll` what else its image exposes.
    static func mappings(_ request: ContainerRequest, exposed: [String]) -> [PortMapping] {
        request.publishesAll ? request.ports + unpublished(exposed, of: request) : request.ports
    }

    /// What an image exposes and a request does not publish by itself.
    static func unpublished(_ exposed: [String], of request: ContainerRequest) -> [PortMapping] {
        exposed.sorted().compactMap { text -> PortMapping? in
            // What an image says wrongly exposes nothing.
            guard let mapping = try? PortMapping(text), mapping.hostPort == nil else { return nil }
            let isThere = request.ports.contains {
                $0.containerPort == mapping.containerPort && $0.transport == mapping.transport
            }
            return isThere ? nil : mapping
        }
    }

    /// The container is there: connections reach it from now on.
    func connect(_ session: ContainerSession) { dialler.connect(session) }

    /// What is published, with the ports that were chosen.
    var published: [PublishedPort] { forwarder.ports }

    /// Ends listeners and connections; idempotent, does not wait.
    func close() { forwarder.close() }
}
