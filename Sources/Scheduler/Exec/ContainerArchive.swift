// SPDX-License-Identifier: Apache-2.0
// A file or folder of a running container as tar, made as it is read. Gateway's CopyAPI reads it.

import Foundation
import Glibc
import ImageStore
package import NIOCore
import Sandbox

/// One archive; devices, sockets and fifos in folders are left out.
///
/// For one caller.
package final class ContainerArchive {
    private struct Entry {
        var path: String
        var name: String
        var depth: Int
    }

    /// Bits of a mode that are copied: a set-user-ID file of a container would be its reader's on the host.
    static let modeMask: UInt32 = 0o777

    /// A file whose content follows.
    private struct Content {
        var descriptor: Int32
        var path: String
        var restBytes: Int
    }

    /// What the tar's writer has made.
    private final class Sink {
        var buffer = ByteBuffer()
    }

    private let files: ContainerFiles
    private let follows: Bool
    private let writer: TarWriter
    private let sink: Sink
    private let limits: UnpackLimits
    private var pending: [Entry]
    private var entryCount = 0
    private var contentBytes = 0
    private var content: Content?
    private var isFinished = false

    /// - Parameters:
    ///   - files: where the path is.
    ///   - path: what is archived.
    ///   - name: of the first entry.
    ///   - follows: whether a link at the path's end is followed.
    ///   - limits: of entries and bytes: a container can claim any number of names, and files of any length.
    /// - Throws: ``ImageError`` when no archive can be begun.
    init(
        _ files: ContainerFiles,
        _ path: String,
        name: String,
        follows: Bool,
        limits: UnpackLimits = ContextArchive.limits
    ) throws {
        let sink = Sink()
        self.files = files
        self.follows = follows
        self.sink = sink
        self.limits = limits
        pending = [Entry(path: path, name: name, depth: 0)]
        writer = try TarWriter(name: path) { sink.buffer.writeBytes($0) }
    }

    deinit { if let content { close(content.descriptor) } }

    /// The next piece; nil at the end.
    package func next() async throws -> ByteBuffer? {
        while !isFinished, sink.buffer.readableBytes < ContainerFiles.pieceBytes { try await step() }
        guard sink.buffer.readableBytes > 0 else { return nil }
        defer { sink.buffer = ByteBuffer() }
        return sink.buffer
    }

    private func step() async throws {
        if content != nil {
            try readContent()
        } else if let entry = pending.popLast() {
            try await add(entry)
        } else {
            try writer.finish()
            isFinished = true
        }
    }

    private func add(_ next: Entry) async throws {
        guard next.depth < ContainerFiles.depthMax else {
            throw CopyError.refused("'\(next.path)' is more than \(ContainerFiles.depthMax) folders deep")
        }
        let status: PathStatus
        do throws(CopyError) {
            status = try await files.status(next.path, follows: next.depth == 0 && follows)
        } catch {
            // The container's program removed it meanwhile.
            if case .notFound = error, next.depth > 0 { return }
            throw error
        }
        var entry = TarEntry(name: next.name, kind: .file, mode: status.mode & Self.modeMask)
        switch status.kind {
        case .other: break
        case .link:
            entry.kind = .symbolicLink
            entry.linkTarget = Array((status.target ?? "").utf8)
            try writer.add(entry)
        case .folder:
            entry.kind = .directory
            try writer.add(entry)
            try await addFolder(next)
        case .file: try await begin(entry, next.path)
        }
    }

    private func addFolder(_ folder: Entry) async throws {
        let above = folder.path.hasSuffix("/") ? folder.path : folder.path + "/"
        let names = try Self.names(
            folder.path,
            in: try await opened(folder.path),
            max: limits.entriesPerLayer - entryCount
        )
        entryCount += names.count
        for name in names.sorted(by: >) {
            pending.append(
                Entry(path: above + name, name: folder.name + "/" + name, depth: folder.depth + 1)
            )
        }
    }

    /// A descriptor for the path, which the caller closes.
    private func opened(_ path: String) async throws -> Int32 { try await files.open(.open, path).take() }

    private func begin(_ entry: TarEntry, _ path: String) async throws {
        let descriptor = try await opened(path)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CopyError.refused("'\(path)' is no file any more")
        }
        var entry = entry
        entry.size = Int(status.st_size)
        let (sum, isTooLarge) = contentBytes.addingReportingOverflow(entry.size)
        guard !isTooLarge, sum <= limits.bytesPerLayer else {
            close(descriptor)
            throw CopyError.refused(
                "'\(path)' makes the files longer than \(limits.bytesPerLayer) bytes together"
            )
        }
        contentBytes = sum
        entry.modified = TarTime(seconds: status.st_mtim.tv_sec)
        content = Content(descriptor: descriptor, path: path, restBytes: entry.size)
        try writer.begin(entry)
    }

    /// A file that changes while it is read has the size that it had, filled with zeros when it became shorter.
    private func readContent() throws {
        guard var current = content else { return }
        var piece = [UInt8](repeating: 0, count: min(current.restBytes, ContainerFiles.pieceBytes))
        let count = piece.isEmpty ? 0 : read(current.descriptor, &piece, piece.count)
        guard count >= 0 else { throw CopyError.failed("'\(current.path)' cannot be read: errno \(errno)") }
        let bytes = count > 0 ? Array(piece.prefix(count)) : piece
        try writer.write(bytes)
        current.restBytes -= bytes.count
        content = current
        if current.restBytes == 0 {
            close(current.descriptor)
            content = nil
        }
    }

    private static func names(_ path: String, in raw: Int32, max: Int) throws -> [String] {
        guard let directory = fdopendir(raw) else {
            let reason = errno
            close(raw)
            throw CopyError.refused("'\(path)' is no folder any more: errno \(reason)")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard let name = String(validating: bytes, as: UTF8.self) else {
                throw CopyError.refused("'\(path)' has a name that is not UTF-8")
            }
            guard name != ".", name != ".." else { continue }
            guard names.count < max else {
                throw CopyError.refused("'\(path)' and the folders before it have too many files to copy")
            }
            names.append(name)
        }
        return names
    }
}
