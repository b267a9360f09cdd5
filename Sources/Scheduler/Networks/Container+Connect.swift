// SPDX-License-Identifier: Apache-2.0
// A container changes its networks. Containers asks.

import FunctionModel
import FunctionStore
import Synchronization

extension Container {
    /// Puts it into one more network, running or not.
    ///
    /// - Throws: ``ContainerError``; nothing has changed then.
    func connect(_ attachment: NetworkAttachment) async throws(ContainerError) {
        let runs = try beginChange(force: false)
        defer { if !runs { endCopy() } }
        let request = try await rooms.networks.attach(definition, to: attachment, runs: runs)
        // It may have got another name meanwhile.
        rooms.networks.rename(id, to: name)
        let isRemoved = storage.withLock { storage in
            storage.definition.request.networks = request.networks
            return storage.life.phase == .removed
        }
        // It may have left its networks for good before it came into this one.
        if isRemoved { rooms.networks.leave(id) }
    }

    /// Takes it out of a network, running or not.
    ///
    /// - Parameters:
    ///   - network: the network's name.
    ///   - force: also while it is paused.
    /// - Throws: ``ContainerError``; nothing has changed then.
    func disconnect(_ network: String, force: Bool) async throws(ContainerError) {
        let runs = try beginChange(force: force)
        defer { if !runs { endCopy() } }
        let definition = definition
        // First: a start of its policy meanwhile would miss a network that it asks for.
        storage.withLock { $0.definition.request.networks.removeAll { $0.name == network } }
        do throws(ContainerError) { try await rooms.networks.detach(definition, from: network) } catch {
            storage.withLock { $0.definition.request.networks = definition.request.networks }
            throw error
        }
    }

    /// One that rests does not start meanwhile; ``endCopy()`` follows.
    ///
    /// - Returns: whether it runs.
    private func beginChange(force: Bool) throws(ContainerError) -> Bool {
        switch storage.withLock({ $0.life.copyRequested() }) {
        case .begin: return false
        case .isRemoved: throw .unknown(id)
        case .isCopying: throw .conflict("container \(name) is being copied or connected; try again")
        case .isActive: break
        }
        switch status {
        case .running: return true
        case .paused where force: return true
        case .paused: throw .conflict("container \(name) is paused; unpause it first")
        default: throw .conflict("container \(name) is being started or stopped; try again")
        }
    }
}
