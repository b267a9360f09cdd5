// SPDX-License-Identifier: Apache-2.0
// Named volumes: folders that outlive the containers that use them.

import FoundationEssentials
import FunctionModel
package import FunctionStore
import ImageStore
import Sandbox

extension Containers {
    /// All volumes, by name.
    ///
    /// - Throws: ``ContainerError``.
    package func volumes() async throws(ContainerError) -> [StoredVolume] {
        do throws(StoreError) { return try await rooms.store.volumes() } catch { throw ContainerError(error) }
    }

    /// The volume of a name.
    ///
    /// - Throws: ``ContainerError/unknownVolume(_:)``.
    package func volume(_ name: String) async throws(ContainerError) -> StoredVolume {
        guard let volume = try await volumes().first(where: { $0.name == name }) else {
            throw .unknownVolume(name)
        }
        return volume
    }

    /// Where a volume's files are on the gateway's host.
    package func place(ofVolume name: String) -> String {
        let place = rooms.folders.volume(name)
        return place.folder + "/" + place.name
    }

    /// Creates a volume; one that exists stays as it is.
    ///
    /// - Parameters:
    ///   - given: its name; nil for a random one.
    ///   - labels: its labels.
    /// - Returns: the volume.
    /// - Throws: ``ContainerError``.
    package func createVolume(
        _ given: String?,
        labels: [String: String] = [:]
    ) async throws(ContainerError) -> StoredVolume {
        var generator = SystemRandomNumberGenerator()
        let name: String
        do throws(ModelError) {
            name =
                try given.map { text throws(ModelError) in try ContainerName.checked(text, field: "volume") }
                ?? ContainerName.randomID(using: &generator)
        } catch {
            throw .invalid(error)
        }
        try claim([name])
        defer { releaseClaim(of: [name]) }
        return try await makeVolume(StoredVolume(name: name, labels: labels, createdAt: Date()))
    }

    private func makeVolume(_ volume: StoredVolume) async throws(ContainerError) -> StoredVolume {
        let name = volume.name
        do throws(ImageError) { try await rooms.folders.makeVolume(name) } catch { throw .image(error) }
        do throws(StoreError) { _ = try await rooms.store.createVolume(volume) } catch {
            throw ContainerError(error)
        }
        return try await self.volume(name)
    }

    /// Creates a volume that a container names, unless it exists; the caller has claimed it.
    func ensureVolume(_ name: String) async throws(ContainerError) {
        if try await volumes().contains(where: { $0.name == name }) { return }
        _ = try await createVolume(name)
    }

    /// Removes a volume with its files.
    ///
    /// - Parameters:
    ///   - name: of the volume.
    ///   - force: an unknown one is no error.
    /// - Throws: ``ContainerError/volumeInUse(_:by:)`` while a container, running or not, names it.
    package func removeVolume(_ name: String, force: Bool = false) async throws(ContainerError) {
        guard try await volumes().contains(where: { $0.name == name }) else {
            if force { return }
            throw .unknownVolume(name)
        }
        try claimRemoval(of: name)
        defer { removalEnded(of: name) }
        // Files first: a volume whose row is gone could not be removed again.
        do throws(ImageError) { try await rooms.folders.removeVolume(name) } catch { throw .image(error) }
        do throws(StoreError) { _ = try await rooms.store.removeVolume(name) } catch {
            throw ContainerError(error)
        }
    }

    /// Containers that name a volume.
    package func users(ofVolume name: String) -> [String] {
        all.filter { $0.names(volume: name) }.map(\.name)
    }
}
