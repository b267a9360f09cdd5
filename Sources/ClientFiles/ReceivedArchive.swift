// SPDX-License-Identifier: Apache-2.0
// A tar that the gateway sent, unpacked beside its destination and then moved there. `faasctl cp` uses it.

import Foundation
import ImageStore

/// One file or folder from a container.
package enum ReceivedArchive {
    /// Unpacks an archive and moves its first entry to a place.
    ///
    /// Blocks. The archive's links lead nowhere: it is unpacked into an empty folder, and its entries are moved without
    /// following any.
    ///
    /// - Parameters:
    ///   - archive: a tar of this host.
    ///   - name: its first entry.
    ///   - target: where that is to be; a folder there gets the content, a file is replaced.
    /// - Throws: ``ClientFileError``.
    package static func move(_ archive: String, _ name: String, to target: String) throws(ClientFileError) {
        let above = (target as NSString).deletingLastPathComponent
        let folder =
            (above.isEmpty ? "." : above) + "/.faasctl-cp-"
            + String(UInt64.random(in: .min ... .max), radix: 16)
        guard mkdir(folder, 0o700) == 0 else { throw ClientFileError(SystemCall.message(errno)) }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do throws(ImageError) { try ContextArchive.unpack(archive: archive, into: folder) } catch {
            throw ClientFileError(error)
        }
        try withoutPrivileges(folder + "/" + name)
        try merge(folder + "/" + name, into: target)
    }

    /// Takes away set-user-ID and set-group-ID bits, and capabilities, which would be rights on this host.
    ///
    /// The folder is its owner's alone, so that nothing can be exchanged meanwhile.
    private static func withoutPrivileges(_ path: String) throws(ClientFileError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw ClientFileError(SystemCall.message(errno)) }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFDIR else { return }
        // A change of owner, also to the same, takes capabilities away from a file (chown(2)).
        if kind == S_IFREG, lchown(path, uid_t.max, gid_t.max) < 0 {
            throw ClientFileError(SystemCall.message(errno))
        }
        guard status.st_mode & 0o7000 == 0 || chmod(path, status.st_mode & 0o777) == 0 else {
            throw ClientFileError(SystemCall.message(errno))
        }
        guard kind == S_IFDIR else { return }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw ClientFileError(error.localizedDescription)
        }
        for name in names { try withoutPrivileges(path + "/" + name) }
    }

    private static func merge(_ source: String, into target: String) throws(ClientFileError) {
        var status = stat()
        var existing = stat()
        guard lstat(source, &status) == 0 else { throw ClientFileError(SystemCall.message(errno)) }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        let isThere = lstat(target, &existing) == 0
        let isFolderThere = isThere && existing.st_mode & S_IFMT == S_IFDIR
        guard isFolder, isFolderThere else {
            if isFolder, isThere { throw ClientFileError("'\(target)' is there and no folder") }
            if isFolderThere { throw ClientFileError("'\(target)' is a folder") }
            guard rename(source, target) == 0 else { throw ClientFileError(SystemCall.message(errno)) }
            return
        }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: source) } catch {
            throw ClientFileError(error.localizedDescription)
        }
        for name in names { try merge(source + "/" + name, into: target + "/" + name) }
    }
}
