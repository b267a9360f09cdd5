// SPDX-License-Identifier: Apache-2.0
// Files of a running container, read as a tar and written from a folder. Gateway's CopyAPI drives it.

import Foundation
import FunctionModel
import Glibc
import ImageStore
import Sandbox

/// What is at a path.
package struct PathStatus: Hashable, Sendable {
    /// What it is.
    package enum Kind: String, Sendable {
        case file, folder, link
        /// A device, a socket or a fifo: not copied.
        case other
    }

    package var kind: Kind
    package var sizeBytes: Int
    package var mode: UInt32
    /// Of a link.
    package var target: String?

    fileprivate init(_ status: stat, target: String?) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        sizeBytes = Int(status.st_size)
        mode = UInt32(status.st_mode & 0o7777)
        self.target = target
    }
}

/// Why a path cannot be copied.
package enum CopyError: Error, Hashable, Sendable {
    case notFound(String)
    /// With the reason, as a sentence.
    case refused(String)
    case notRunning(String)
    case failed(String)
}

/// The files of one container, as its root.
package struct ContainerFiles: Sendable {
    /// Levels of folders: deeper ones are a trap for the copier.
    static let depthMax = 256
    /// Read at once.
    static let pieceBytes = 256 * 1024

    private let session: ContainerSession
    /// Of a container that rests; nil for one that runs.
    private let resting: RestingRoot?

    /// The files of a container that runs.
    init(_ session: ContainerSession) {
        self.session = session
        resting = nil
    }

    /// The files of a container that rests.
    ///
    /// - Parameters:
    ///   - session: a sandbox that has its root and executes nothing.
    ///   - hold: of its image.
    ///   - onEnd: called once, when the sandbox is gone.
    init(_ session: ContainerSession, hold: BlobLease, onEnd: @escaping @Sendable () -> Void) {
        self.session = session
        resting = RestingRoot(session, hold, onEnd)
    }

    /// Gives the root of a container that rests back; nothing is copied afterwards.
    ///
    /// Idempotent. A caller that is cancelled may leave it to the last reference.
    package func end() async { await resting?.end() }

    /// Looks at a path.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - follows: whether a link at its end is followed, within the root.
    /// - Returns: what is there.
    /// - Throws: ``CopyError``.
    package func status(_ path: String, follows: Bool) async throws(CopyError) -> PathStatus {
        try Self.status(path, of: try await open(.look(follows: follows), path))
    }

    /// What is at a path, as tar.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - name: of the first entry.
    ///   - follows: whether a link at the path's end is followed, within the root.
    /// - Returns: the archive, which reads the container as it is asked for pieces.
    /// - Throws: what the writer of tar throws.
    package func archive(_ path: String, name: String, follows: Bool) throws -> ContainerArchive {
        try ContainerArchive(self, path, name: name, follows: follows)
    }

    // MARK: Into the container

    /// Writes a file or a folder of this host's, with everything in it, to a path; all of it becomes root's.
    ///
    /// - Parameters:
    ///   - source: a folder that nothing else changes, or a file or link in one.
    ///   - path: absolute; a folder there is kept, a file is replaced; the folder above has to exist.
    /// - Throws: ``CopyError``, or what reading the source throws; what was written until then stays.
    @concurrent package func write(_ source: String, to path: String) async throws {
        var pending = [(source: source, path: path, depth: 0)]
        while let next = pending.popLast() {
            guard next.depth < Self.depthMax else {
                throw CopyError.refused("'\(next.path)' is more than \(Self.depthMax) folders deep")
            }
            var status = stat()
            guard lstat(next.source, &status) == 0 else {
                throw CopyError.notFound("the archive has no '\((source as NSString).lastPathComponent)'")
            }
            let mode = UInt32(status.st_mode & 0o777)
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                // The root of everything is there, and has no name.
                if next.path != "/" { _ = try await open(.folder(mode: mode), next.path) }
                for name in try FileManager.default.contentsOfDirectory(atPath: next.source) {
                    let below = next.path.hasSuffix("/") ? next.path + name : next.path + "/" + name
                    pending.append((next.source + "/" + name, below, next.depth + 1))
                }
            case S_IFLNK:
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: next.source)
                _ = try await open(.link(target: target), next.path)
            case S_IFREG: try await writeFile(next.source, to: next.path, mode: mode)
            default: break
            }
        }
    }

    private func writeFile(_ source: String, to path: String, mode: UInt32) async throws {
        let from = Glibc.open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard from >= 0 else { throw CopyError.failed("the archive's file cannot be read: errno \(errno)") }
        let input = OwnedDescriptor(owning: from)
        let output = try await open(.replace(mode: mode), path)
        var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
        while case let count = read(input.raw, &piece, piece.count), count != 0 {
            guard count > 0 else {
                throw CopyError.failed("the archive's file cannot be read: errno \(errno)")
            }
            var rest = piece[..<count]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(output.raw, $0.baseAddress, $0.count) }
                guard written > 0 else {
                    let reason = errno == ENOSPC ? "the container's disk is full" : "errno \(errno)"
                    throw CopyError.failed("'\(path)' cannot be written: \(reason)")
                }
                rest = rest.dropFirst(written)
            }
        }
    }

    // MARK: Descriptors

    func open(_ action: LiveFileAction, _ path: String) async throws(CopyError) -> OwnedDescriptor {
        do throws(SandboxError) { return try await session.liveFile(action, path) } catch {
            switch error {
            case .gone: throw .notRunning("the container has ended, or has no files of its own")
            case .file(_, ENOENT): throw .notFound("'\(path)' is not in the container")
            case .file(_, ENOTDIR): throw .refused("a part of '\(path)' is no folder")
            case .file(_, EISDIR): throw .refused("'\(path)' is a folder, which no file or link replaces")
            case .file(_, EXDEV): throw .refused("'\(path)' is below /proc, which is not copied")
            case .file(_, EROFS): throw .refused("'\(path)' is on a read-only file system")
            case .file(_, ENOSPC): throw .failed("the container's disk is full")
            default: throw .refused(error.description)
            }
        }
    }

    private static func status(
        _ path: String,
        of place: consuming OwnedDescriptor
    ) throws(CopyError) -> PathStatus {
        var status = stat()
        guard fstat(place.raw, &status) == 0 else { throw .failed("'\(path)': errno \(errno)") }
        guard status.st_mode & S_IFMT == S_IFLNK else { return PathStatus(status, target: nil) }
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(place.raw, "", &target, target.count)
        guard count > 0 else { throw .failed("'\(path)': errno \(errno)") }
        let bytes = target.prefix(count).map(UInt8.init(bitPattern:))
        return PathStatus(status, target: String(decoding: bytes, as: UTF8.self))
    }
}
