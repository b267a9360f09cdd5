// SPDX-License-Identifier: Apache-2.0
// Where containers keep their files: layers, volumes and logs below DATA/containers. Containers makes one.

import Dispatch
import Glibc
import ImageStore
import Logging
import Sandbox

/// The folders of containers that stay.
struct ContainerFolders: Sendable {
    let dataDirectory: String
    let trees: TreeAccess
    let logger: Logger

    private static let layers = "containers/layers"
    private static let volumes = "containers/volumes"
    /// Layers that no container of the database has: it may be an older one than they are.
    private static let lost = "containers/lost"
    /// Layers that are being made and removed.
    private static let partial = ".new-", leaving = ".gone-"

    /// Where the layers of a data folder's containers are.
    static func layers(in data: String) -> String { data + "/" + layers }
    /// Where a data folder's volumes are.
    static func volumes(in data: String) -> String { data + "/" + volumes }

    private var logs: String { dataDirectory + "/containers/logs" }

    /// Makes them where they are absent.
    ///
    /// Blocks.
    ///
    /// - Throws: ``ImageError``.
    func make() throws(ImageError) {
        for folder in [dataDirectory + "/" + Self.layers, dataDirectory + "/" + Self.volumes, logs] {
            try Directories.make(folder, mode: 0o700)
        }
    }

    /// The file of a container's output.
    func log(of id: String) -> String { logs + "/" + id + ".log" }

    /// A container's writable layer.
    func layer(of id: String) -> HostPlace { HostPlace(folder: dataDirectory, name: Self.layers + "/" + id) }

    /// What a container changed, as the upper folder of an overlay.
    func changes(of id: String) -> String {
        LayerFolder(in: dataDirectory + "/" + Self.layers + "/" + id).changes
    }

    /// One folder is measured at a time, on a thread of its own: containers decide how long that takes.
    private static let meter = DispatchQueue(label: "layers")

    /// What a container's layer takes of the disk; nil without a layer.
    ///
    /// - Throws: ``ImageError`` when it cannot be measured.
    func layerBytes(of id: String) async throws(ImageError) -> Int? {
        try await bytes(of: id, in: Self.layers)
    }

    /// What a volume takes of the disk; nil for an unknown one.
    ///
    /// - Throws: ``ImageError`` when it cannot be measured.
    func volumeBytes(_ name: String) async throws(ImageError) -> Int? {
        try await bytes(of: name, in: Self.volumes)
    }

    private func bytes(of name: String, in parent: String) async throws(ImageError) -> Int? {
        let path = dataDirectory + "/" + parent + "/" + name
        let result = await withCheckedContinuation {
            (waiter: CheckedContinuation<Result<Int?, ImageError>, Never>) in
            Self.meter.async { [trees] in
                do throws(ImageError) {
                    waiter.resume(returning: .success(try trees.liveBytes(of: path)))
                } catch {
                    waiter.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// A volume's files.
    func volume(_ name: String) -> HostPlace {
        HostPlace(folder: dataDirectory, name: Self.volumes + "/" + name)
    }

    /// Makes a container's writable layer, as the image's `/` is, unless it has one.
    ///
    /// It gets its name when it is whole: whatever the database says, one that exists may have been written to.
    ///
    /// - Throws: ``ImageError``; nothing is left then.
    func makeLayer(of id: String, above rootfs: String) async throws(ImageError) {
        let folder = dataDirectory + "/" + Self.layers + "/"
        if access(folder + id, F_OK) == 0 { return }
        await removeLayer(of: Self.partial + id)
        let layer = LayerFolder(in: folder + Self.partial + id)
        do throws(ImageError) {
            try await layer.make()
            try await layer.prepare(above: rootfs, trees)
            try SystemCall.check("rename", folder + id) { rename(folder + Self.partial + id, folder + id) }
        } catch {
            await removeLayer(of: Self.partial + id)
            throw error
        }
    }

    /// Marks a container's layer as one that is being removed, so that a gateway that is killed now sweeps it.
    func leave(_ id: String) {
        let folder = dataDirectory + "/" + Self.layers + "/"
        // One that has no layer, or keeps its name, is removed by that.
        _ = rename(folder + id, folder + Self.leaving + id)
    }

    /// Removes a container's files.
    ///
    /// - Returns: why something stays; nil when nothing does.
    @discardableResult
    func remove(_ id: String) async -> String? {
        let left = await removeLayer(of: Self.leaving + id)
        let named = await removeLayer(of: id)
        let reason = left ?? named
        for path in [log(of: id), ContainerLog.rotated(log(of: id))] where unlink(path) < 0 && errno != ENOENT
        {
            logger.warning("a container's log stays", metadata: ["file": "\(path)", "errno": "\(errno)"])
        }
        return reason
    }

    @discardableResult
    private func removeLayer(of id: String) async -> String? {
        let path = dataDirectory + "/" + Self.layers + "/" + id
        if access(path, F_OK) < 0, errno == ENOENT { return nil }
        do throws(ImageError) {
            try await BlockingWork.run { [trees] () throws(ImageError) in try trees.remove(path) }
            return nil
        } catch {
            logger.error("a container's layer stays", metadata: ["folder": "\(path)", "reason": "\(error)"])
            return error.description
        }
    }

    /// Removes what a gateway that was killed left half made or half removed, and sets aside the layers that no
    /// container has: the database may be an older one than they are.
    func sweep(keeping ids: Set<String>) async {
        do throws(ImageError) {
            let layers = try Directories.names(in: dataDirectory + "/" + Self.layers)
            let files = try Directories.names(in: logs).map { String($0.prefix { $0 != "." }) }
            for name in layers where name.hasPrefix(".") { await removeLayer(of: name) }
            let unknown = layers.filter { !$0.hasPrefix(".") && !ids.contains($0) }
            for id in unknown { try setAside(id) }
            for id in Set(files).subtracting(ids) { await remove(id) }
        } catch {
            logger.error("folders of containers cannot be read", metadata: ["reason": "\(error)"])
        }
    }

    private func setAside(_ id: String) throws(ImageError) {
        let lost = dataDirectory + "/" + Self.lost
        try Directories.make(lost, mode: 0o700)
        let layer = dataDirectory + "/" + Self.layers + "/" + id
        try SystemCall.check("rename", layer) { rename(layer, lost + "/" + id) }
        logger.warning(
            "a layer belongs to no container and is set aside",
            metadata: ["folder": "\(lost)/\(id)"]
        )
    }

    /// Makes the folder of a volume, root's in the container.
    ///
    /// - Throws: ``ImageError``.
    func makeVolume(_ name: String) async throws(ImageError) {
        let parent = dataDirectory + "/" + Self.volumes
        try await BlockingWork.run { [trees] () throws(ImageError) in
            // One that exists has the owner that its containers gave it.
            guard mkdir(parent + "/" + name, 0o755) == 0 else {
                if errno == EEXIST { return }
                throw SystemCall.failure("mkdir", parent + "/" + name)
            }
            guard trees.keepsOwners else { return }
            try trees.session(on: parent, isWritable: true).perform(.own(name, uid: 0, gid: 0))
        }
    }

    /// Removes a volume's files.
    ///
    /// - Throws: ``ImageError``.
    func removeVolume(_ name: String) async throws(ImageError) {
        let path = dataDirectory + "/" + Self.volumes + "/" + name
        try await BlockingWork.run { [trees] () throws(ImageError) in try trees.remove(path) }
    }
}
