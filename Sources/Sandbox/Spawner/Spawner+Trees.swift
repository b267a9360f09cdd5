// SPDX-License-Identifier: Apache-2.0
// Folders and files of the host as trees that a slot can mount; the supervisor opens them, whatever privileges are
// left here.

import CSandbox
import Dispatch
import Glibc

/// Descriptors of trees, closed together.
final class HostTrees: Sendable {
    let raw: [Int32]

    init(_ raw: [Int32]) { self.raw = raw }

    deinit { for descriptor in raw { close(descriptor) } }
}

extension Spawner {
    /// Opens places of the host, in order.
    ///
    /// Suspends while the host's file systems answer (bounded by ``startTimeoutMilliseconds`` each).
    ///
    /// - Throws: ``SandboxError`` with step and errno; which place it was is in the text.
    func openTrees(_ places: [HostPlace]) async throws(SandboxError) -> HostTrees {
        if places.isEmpty { return HostTrees([]) }
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var raw: [Int32] = []
                let result = Result { () throws(SandboxError) in
                    for place in places { raw.append(try self.openTree(place)) }
                }
                let trees = HostTrees(raw)
                continuation.resume(returning: result.map { trees })
            }
        }
        return try result.get()
    }

    private func openTree(_ place: HostPlace) throws(SandboxError) -> Int32 {
        var order = csandbox_open_tree()
        order.header.kind = UInt32(CSANDBOX_OPEN_TREE.rawValue)
        guard FixedText.copy(place.folder, into: &order.folder), FixedText.copy(place.name, into: &order.name)
        else { throw .unsupported("a path of the host of more than \(CSANDBOX_PATH_MAX - 1) bytes") }
        let (ours, theirs) = try OwnedDescriptor.packetPair().split()
        let own = OwnedDescriptor(owning: ours)
        let remote = OwnedDescriptor(owning: theirs)
        try Packet.send(order, to: supervisor.raw, descriptors: [remote.raw])
        close(remote.take())
        return try Self.tree(from: own.raw, place)
    }

    private static func tree(from socket: Int32, _ place: HostPlace) throws(SandboxError) -> Int32 {
        var source = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&source, 1, startTimeoutMilliseconds) == 1 else {
            throw .place(place.path, errorNumber: ETIMEDOUT)
        }
        return try Packet.receive(from: socket) { received -> Result<Int32, SandboxError> in
            guard case .packet(_, let bytes, let descriptors) = received,
                let outcome = Packet.read(csandbox_outcome.self, bytes)
            else { return .failure(.gone("the spawner")) }
            if outcome.step == 0, descriptors.count == 1 { return .success(descriptors[0]) }
            descriptors.forEach { close($0) }
            return .failure(.place(place.path, errorNumber: outcome.error))
        }.get()
    }
}

extension HostPlace {
    /// For messages.
    var path: String { name.isEmpty ? folder : folder + "/" + name }
}
