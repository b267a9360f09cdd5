// SPDX-License-Identifier: Apache-2.0
// Copies files into the container of a run before its start, and out of it after its end. Part of Dispatcher.

import FoundationEssentials
import FunctionModel
import Glibc
import ImageStore
import NIOCore
import Sandbox

/// The files of one run.
enum RunFiles {
    /// An absolute path inside the container.
    static func absolute(_ path: String, in folder: String) -> String {
        if path.hasPrefix("/") { return path }
        return folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }

    /// Writes a file; nothing of the image runs meanwhile.
    ///
    /// - Throws: ``SandboxError``: `file` for what is wrong with the path, or with ENOSPC.
    static func write(
        _ file: PlannedFile,
        at path: String,
        to session: ContainerSession
    ) async throws(SandboxError) {
        let descriptor = try await session.createFile(path, mode: file.mode)
        guard !file.bytes.isEmpty else { return }
        let number = descriptor.take()
        let bytes = file.bytes
        let failure = await BlockingWork.run { () -> Int32 in
            defer { close(number) }
            return writeAll(bytes, to: number)
        }
        guard failure == 0 else { throw .file(path, errorNumber: failure) }
    }

    private static func writeAll(_ bytes: Data, to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let written = Glibc.write(
                    descriptor,
                    bytes.baseAddress?.advanced(by: done),
                    bytes.count - done
                )
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return written < 0 ? errno : EIO }
                done += written
            }
            return 0
        }
    }

    /// Reads files of a container that has ended.
    ///
    /// - Parameters:
    ///   - paths: as the caller named them.
    ///   - folder: where relative ones begin.
    ///   - session: of the container; its root is held.
    ///   - share: the memory that they take; nil does not count it.
    /// - Returns: one entry for each path.
    static func read(
        _ paths: [String],
        in folder: String,
        of session: ContainerSession,
        taking share: ByteBudget.Share?
    ) async -> [ReturnedFile] {
        var files: [ReturnedFile] = []
        var room = RunBounds.returnedBytesMax
        for path in paths {
            let content: ReturnedFile.Content
            do throws(SandboxError) {
                content = try await read(absolute(path, in: folder), of: session, upTo: room, share)
            } catch {
                content = .missing(reason: error.description)
            }
            if case .bytes(let bytes) = content { room -= bytes.readableBytes }
            files.append(ReturnedFile(path: path, content: content))
        }
        return files
    }

    private static func read(
        _ path: String,
        of session: ContainerSession,
        upTo room: Int,
        _ share: ByteBudget.Share?
    ) async throws(SandboxError) -> ReturnedFile.Content {
        let number = try await session.openFile(path).take()
        let result = await BlockingWork.run { () -> Result<ReturnedFile.Content, SandboxError> in
            defer { close(number) }
            return readAll(number, upTo: room, path, share)
        }
        return try result.get()
    }

    private static func readAll(
        _ descriptor: Int32,
        upTo room: Int,
        _ path: String,
        _ share: ByteBudget.Share?
    ) -> Result<ReturnedFile.Content, SandboxError> {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(.file(path, errorNumber: errno)) }
        guard status.st_size <= room else {
            let max = ByteCount(bytes: RunBounds.returnedBytesMax)
            return .success(.missing(reason: "the files of the answer are larger than \(max) together"))
        }
        guard share?.take(Int(status.st_size)) ?? true else {
            let max = ByteCount(bytes: ByteBudget.bytesMax)
            return .success(.missing(reason: "requests and outputs of runs take \(max) already"))
        }
        var bytes = ByteBuffer()
        while bytes.readableBytes < Int(status.st_size) {
            let left = Int(status.st_size) - bytes.readableBytes
            let count = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: left) { space in
                max(0, Glibc.read(descriptor, space.baseAddress, left))
            }
            // Shorter than its size: nothing changes it any more, so this is an error of the disk.
            guard count > 0 else { return .failure(.file(path, errorNumber: EIO)) }
        }
        return .success(.bytes(bytes))
    }
}
