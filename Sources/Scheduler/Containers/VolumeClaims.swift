// SPDX-License-Identifier: Apache-2.0
// Which volumes are being given to a container or removed at this moment: decisions without IO. Containers drives it.

/// Keeps the creation of a container and the removal of a volume that it names apart.
///
/// A container counts as a user of its volumes once it is listed; its creation takes longer, and so does a removal.
struct VolumeClaims: Hashable, Sendable {
    private var users: [String: Int] = [:]
    private var leaving: Set<String> = []

    enum Use: Hashable {
        case granted
        /// This one is being removed.
        case isLeaving(String)
    }

    /// Volumes are given to a container, or made; ``useEnded(_:)`` follows where they are granted.
    ///
    /// - Parameter names: each once for every use.
    /// - Returns: whether the volumes are taken; a refused use has taken none.
    mutating func use(_ names: [String]) -> Use {
        if let name = names.first(where: leaving.contains) { return .isLeaving(name) }
        for name in names { users[name, default: 0] += 1 }
        return .granted
    }

    /// The container is listed, or was not made.
    mutating func useEnded(_ names: [String]) {
        for name in names {
            let count = users[name, default: 0] - 1
            users[name] = count > 0 ? count : nil
        }
    }

    enum Removal: Hashable {
        case granted
        /// A container that names it is being created, or another removal is under way.
        case isBusy
    }

    /// A volume that no listed container names is to be removed; ``removalEnded(_:)`` follows where it is granted.
    ///
    /// - Returns: whether the volume is taken.
    mutating func remove(_ name: String) -> Removal {
        guard users[name] == nil, leaving.insert(name).inserted else { return .isBusy }
        return .granted
    }

    /// The volume is gone, or stays for a failure.
    mutating func removalEnded(_ name: String) { leaving.remove(name) }
}
