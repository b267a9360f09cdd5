// SPDX-License-Identifier: Apache-2.0
// The gateway's access to the files of images: through confined workers, or by itself.

import Glibc
package import Sandbox

/// The access to image trees and to the folders of builds.
package struct TreeAccess: Sendable {
    /// Nil when the gateway works itself: as an ordinary user, and on hosts without workers.
    private let warden: Warden?
    /// The offset of owners on the disk where mounts cannot translate them; nil elsewhere.
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

    /// The options of unpacking with this access.
    package var options: UnpackOptions {
        var options = UnpackOptions()
        options.keepsOwners = keepsOwners
        options.idShift = idShift
        if warden != nil || idShift != nil { options.ownerMax = UnpackOptions.mappedOwnerMax }
        return options
    }

    /// Opens a session in a folder.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - path: absolute; with a warden, one of its places or a folder below one.
    ///   - isWritable: false for reading only.
    /// - Returns: the session; a worker ends with it.
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
    /// - Returns: the reason of a failure; nil after success.
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

    /// Opens a tree for reading.
    package func reader(of path: String) throws(ImageError) -> any TreeReader {
        guard !isDirect else { return try FolderReader(path: path, idShift: idShift) }
        return SessionReader(try session(on: path, isWritable: false))
    }

    /// What a folder takes of the disk while a program may change it; nil for an absent one.
    ///
    /// Blocks.
    ///
    /// - Throws: ``ImageError`` when it cannot be measured.
    package func liveBytes(of path: String) throws(ImageError) -> Int? {
        guard access(path, F_OK) == 0 else { return nil }
        let clean = TreePath.clean(path)
        let session = try session(on: "/" + TreePath.parent(clean), isWritable: false)
        guard case .bytes(let bytes) = try session.ask(.measureLive(TreePath.name(clean)), layers: []).answer
        else { return nil }
        return bytes
    }

    /// Removes a folder with its content or a file; an absent one is no error.
    package func remove(_ path: String) throws(ImageError) {
        guard !isDirect else { return try Directories.removeTree(path: path) }
        let parent = "/" + TreePath.parent(TreePath.clean(path))
        try session(on: parent, isWritable: true).perform(.remove(TreePath.name(path)))
    }
}

/// A session of this process itself.
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
