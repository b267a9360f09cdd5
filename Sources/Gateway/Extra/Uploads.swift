// SPDX-License-Identifier: Apache-2.0
// Request bodies that are too big for memory, received into a file. ImagesAPI drives it.

import Glibc
import HTTPTypes
import Hummingbird

/// DATA/run/uploads: one file per upload under way, none when there is none.
struct Uploads: Sendable {
    let folder: String
    let bytesMax: Int

    init(dataDirectory: String, bytesMax: Int) {
        folder = dataDirectory + "/run/uploads"
        self.bytesMax = bytesMax
    }

    /// Makes the folder and sweeps what a killed gateway left.
    ///
    /// Blocks.
    ///
    /// - Returns: folders of builds that a killed gateway left: removing them takes longer than a start may.
    @discardableResult
    func prepare() -> [String] {
        mkdir(String(folder.dropLast("/uploads".count)), 0o700)
        mkdir(folder, 0o700)
        guard let directory = opendir(folder) else { return [] }
        var contexts: [String] = []
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("upload-") { unlink(folder + "/" + name) }
            if name.hasPrefix("context-") { contexts.append(folder + "/" + name) }
        }
        return contexts
    }

    /// Writes a body into a file, hands its path on, and removes it afterwards.
    ///
    /// - Throws: ``Problem``: 413 past the bound, 507 when the disk is full; and what `use` throws.
    func withFile<Value: Sendable>(
        of request: Request,
        _ use: (_ path: String) async throws -> Value
    ) async throws -> Value {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > bytesMax {
            throw Problem.bodyTooLarge(bytesMax: bytesMax)
        }
        let path = folder + "/upload-" + String(UInt64.random(in: .min ... .max), radix: 16)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { unlink(path) }
        do {
            defer { close(descriptor) }
            var received = 0
            for try await piece in request.body {
                received += piece.readableBytes
                guard received <= bytesMax else { throw Problem.bodyTooLarge(bytesMax: bytesMax) }
                try await FileWork.run { try Self.writeAll(piece, to: descriptor, path) }
            }
        }
        // A body that a cancellation has cut is no body.
        try Task.checkCancellation()
        return try await use(path)
    }

    private static func writeAll(_ piece: ByteBuffer, to descriptor: Int32, _ path: String) throws {
        try piece.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 {
                    if errno == EINTR { continue }
                    throw failure(path)
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    private static func failure(_ path: String) -> Problem {
        let number = errno
        if number == ENOSPC || number == EDQUOT {
            return Problem(507, .noSpace, "no space left for the upload; nothing was kept")
        }
        let reason = String(cString: strerror(number))
        return Problem(500, .storage, "the upload could not be kept: \(reason)", log: "\(path): \(reason)")
    }
}
