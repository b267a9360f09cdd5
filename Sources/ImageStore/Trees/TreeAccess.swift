// SPDX-License-Identifier: Apache-2.0
// How this gateway touches the files of images: through workers that have nothing else, or by itself.

import Glibc
package import Sandbox

/// The way to image trees and to the folders of builds.
package struct TreeAccess: Sendable {
    /// Nil when the gateway does it itself: as an ordinary user, and where no worker can be had.
    private let warden: Warden?
    /// Added to owners on the disk, where mounts cannot translate them; nil elsewhere.
    package let idShift: UInt32?

    /// By this process, with its own rights.
    package static let direct = TreeAccess(warden: nil)

    /// Through workers of a warden; without one, with `idShift` of ``OwnerTranslation``.
    package init(warden: Warden?, idShift: UInt32? = nil) {
        self.warden = warden
        self.idShift = warden == nil ? idShift : nil
    }

    var isDirect: Bool { warden == nil }

    /// Whether owners of files can be other users than this process's.
    package var keepsOwners: Bool { warden != nil || Privileges.areHeld }

    /// How layers are unpacked this way.
    package var options: UnpackOptions {
        var options = UnpackOptions()
        options.keepsOwners = keepsOwners
        options.idShift = idShift
        if warden != nil || idShift != nil { options.ownerMax = UnpackOptions.mappedOwnerMax }
        return options
    }

    /// Begins to work in a folder.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - path: absolute; with a warden, one of its places or a folder below one.
    ///   - isWritable: false when nothing is to be changed.
    /// - Returns: the session; the worker's life, where it is one.
    /// - Throws: ``ImageError``.
    package func session(on path: String, isWritable: Bool) throws(ImageError) -> any TreeSession {
        guard let warden else { return try FolderSession(path: path, idShift: idShift) }
        for place in Warden.Place.allCases {
            let directory = warden.dataDirectory + "/" + place.rawValue
            guard path == directory || path.hasPrefix(directory + "/") else { continue }
            let name = path == directory ? "." : String(path.dropFirst(directory.utf8.count + 1))
            do throws(SandboxError) {
                let socket = try warden.worker(in: place, name: name, isWritable: isWritable)
                return WorkerSession(owning: socket)
            } catch {
                throw .worker(reason: error.description)
            }
        }
        throw SystemCall.failure("open", path, errorNumber: EXDEV)
    }

    /// Tries a worker in DATA/rootfs.
    ///
    /// Blocks; starts no thread.
    ///
    /// - Parameter dataDirectory: DATA.
    /// - Returns: why there can be none; nil when it worked.
    package func obstacle(in dataDirectory: String) -> String? {
        do throws(ImageError) {
            let session = try session(on: dataDirectory + "/rootfs", isWritable: true)
            guard case .names = try session.ask(.names(""), layers: []).answer else {
                return "it cannot read \(dataDirectory)/rootfs"
            }
            return nil
        } catch {
            return error.description
        }
    }

    /// Opens a tree to read from.
    package func reader(of path: String) throws(ImageError) -> any TreeReader {
        guard !isDirect else { return try FolderReader(path: path, idShift: idShift) }
        return SessionReader(try session(on: path, isWritable: false))
    }

    /// Removes a folder or file with everything below it; absent is fine.
    package func remove(_ path: String) throws(ImageError) {
        guard !isDirect else { return try Directories.removeTree(path: path) }
        let parent = "/" + TreePath.parent(TreePath.clean(path))
        try session(on: parent, isWritable: true).perform(.remove(TreePath.name(path)))
    }
}

/// A folder that this process works in itself.
private final class FolderSession: TreeSession {
    private let folder: OpenFile
    private let idShift: UInt32?

    init(path: String, idShift: UInt32?) throws(ImageError) {
        self.idShift = idShift
        folder = try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY)
    }

    func ask(_ order: TreeOrder, layers: [Int32]) throws(ImageError) -> TreeReply {
        let reply = TreeWork.perform(order, in: folder.descriptor, layers: layers, idShift: idShift)
        if case .failed(let error) = reply.answer { throw error }
        return reply
    }
}
