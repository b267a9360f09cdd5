// SPDX-License-Identifier: Apache-2.0
// The connections of functions to the containers that they use. Fleet asks for them when a sandbox is made, Dispatcher
// whether the containers run; Containers answers.

import FunctionModel
import Glibc
import Sandbox
import SandboxPorts

/// What reaches containers for functions.
protocol ServiceLinking: Sendable {
    /// Listens in a sandbox before its program runs.
    ///
    /// - Returns: carries its connections until it is closed or released.
    /// - Throws: ``SandboxError``.
    func link(_ sandbox: any SandboxHandle, to services: [ServiceUse]) async throws(SandboxError)
        -> LinkListener

    /// Whether a container of this name runs.
    func isRunning(_ service: ServiceUse) -> Bool
}

extension Containers: ServiceLinking {
    func link(_ sandbox: any SandboxHandle, to services: [ServiceUse]) async throws(SandboxError)
        -> LinkListener
    {
        let socket = try await sandbox.listenForLinks()
        do {
            return try await LinkListener.open(socket.take(), within: rooms.connections) {
                [weak self] address, port in
                guard let self else { throw SandboxError.gone("the gateway") }
                return try await self.dial(services, address, port)
            }
        } catch {
            throw .unsupported("a listener for other containers: \(error)")
        }
    }

    func isRunning(_ service: ServiceUse) -> Bool { named(service.container)?.status == .running }

    /// One in a network is reached at its address, another one as by its published ports.
    private func dial(
        _ services: [ServiceUse],
        _ address: LinkAddress,
        _ port: UInt16
    ) async throws(SandboxError) -> Int32 {
        guard let index = ServiceUse.index(of: address, count: services.count),
            let container = named(services[index].container), container.status == .running,
            let session = container.session
        else { throw .unreachable(port: port, errorNumber: EHOSTUNREACH) }
        await container.functionDials.take()
        defer { container.functionDials.end() }
        guard let place = rooms.networks.places(of: container.id).first else {
            return try await session.dial(port: port).take()
        }
        return try await session.dial(port: port, at: place.address, from: ServiceUse.ownAddress).take()
    }
}
