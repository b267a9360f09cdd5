// SPDX-License-Identifier: Apache-2.0
// Packs a folder on a thread of its own while a request reads from a pipe. Commands that send folders use it.

import Foundation
import ImageBuilder
import ImageStore
import Synchronization

/// One folder as a stream of tar.
///
/// The caller reads ``descriptor`` and calls ``finish()`` after the request.
package final class PackedFolder: Sendable {
    /// The stream; ``finish()`` closes it.
    package let descriptor: Int32
    private let packing: Packing

    /// Longest wait for the thread, which ends at once when its stream was read to the end.
    private static let endSecondsMax = 1.0

    /// The result and the end of the packing thread.
    private final class Packing: Sendable {
        let failure = Mutex<ImageError?>(nil)
        let skipped = Atomic(0)
        let done = DispatchSemaphore(value: 0)
    }

    /// Starts packing a folder.
    ///
    /// - Parameters:
    ///   - folder: absolute.
    ///   - isCompressed: with gzip; useful over a network, but not on this machine.
    /// - Throws: ``ClientFileError`` when no pipe can be made.
    package convenience init(_ folder: String, isCompressed: Bool) throws(ClientFileError) {
        try self.init(folder, isCompressed: isCompressed, filter: nil)
    }

    /// Starts packing the files of a build: all except those that .dockerignore excludes.
    ///
    /// - Parameters:
    ///   - context: the folder, absolute.
    ///   - dockerfile: relative to it; nil is `Dockerfile`.
    ///   - isCompressed: with gzip; useful over a network, but not on this machine.
    /// - Throws: ``ClientFileError`` when no pipe can be made.
    package convenience init(
        context: String,
        dockerfile: String?,
        isCompressed: Bool
    ) throws(ClientFileError) {
        let filter = UploadFilter(context: context, dockerfile: dockerfile)
        try self.init(context, isCompressed: isCompressed, filter: filter)
    }

    /// Starts packing one file or link of a folder.
    ///
    /// - Parameters:
    ///   - name: of the file.
    ///   - folder: absolute.
    ///   - isCompressed: with gzip; useful over a network, but not on this machine.
    /// - Throws: ``ClientFileError`` when no pipe can be made.
    package convenience init(file name: String, of folder: String, isCompressed: Bool) throws(ClientFileError)
    {
        try self.init { sink throws(ImageError) in
            try ContextArchive.pack(
                directory: folder,
                compression: isCompressed ? .gzip : .none,
                including: { path, _ in path == name },
                sink: sink
            )
            return 0
        }
    }

    /// Starts packing the root of a system; for a caller that is root, files keep their owners.
    ///
    /// - Parameters:
    ///   - root: the folder, absolute.
    ///   - isCompressed: with gzip; useful over a network, but not on this machine.
    /// - Throws: ``ClientFileError`` when no pipe can be made.
    package convenience init(root: String, isCompressed: Bool) throws(ClientFileError) {
        try self.init { sink throws(ImageError) in
            try RootArchive.pack(
                directory: root,
                compression: isCompressed ? .gzip : .none,
                keepsOwners: geteuid() == 0,
                sink: sink
            )
        }
    }

    private convenience init(
        _ folder: String,
        isCompressed: Bool,
        filter: UploadFilter?
    ) throws(ClientFileError) {
        try self.init { sink throws(ImageError) in
            try ContextArchive.pack(
                directory: folder,
                compression: isCompressed ? .gzip : .none,
                including: { filter?.includes($0, isFolder: $1) ?? true },
                sink: sink
            )
            return 0
        }
    }

    private typealias Sink = (UnsafeRawBufferPointer) throws(ImageError) -> Void

    private init(
        _ pack: @escaping @Sendable (@escaping Sink) throws(ImageError) -> Int
    ) throws(ClientFileError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ClientFileError(SystemCall.message(errno)) }
        // A request that ends early closes the pipe: the writer then gets an error instead of a signal.
        signal(SIGPIPE, SIG_IGN)
        let packing = Packing()
        let writeEnd = ends[1]
        self.packing = packing
        descriptor = ends[0]
        Thread.detachNewThread {
            do throws(ImageError) {
                let skipped = try pack { bytes throws(ImageError) in try Self.write(bytes, to: writeEnd) }
                packing.skipped.store(skipped, ordering: .relaxed)
            } catch {
                packing.failure.withLock { $0 = error }
            }
            close(writeEnd)
            packing.done.signal()
        }
    }

    /// Devices and sockets that were left out, after ``finish()``.
    package var skipped: Int { packing.skipped.load(ordering: .relaxed) }

    /// Whether no error has occurred; at the end of the stream, whether it is complete.
    ///
    /// From any thread.
    package var isWhole: Bool { packing.failure.withLock { $0 == nil } }

    /// Closes the pipe and returns whether the folder was read completely.
    ///
    /// Blocks until the thread has ended, for a bounded time: a gateway that refuses early leaves it without a reader,
    /// and the command reports the refusal.
    ///
    /// - Throws: ``ClientFileError`` when a file could not be read.
    package func finish() throws(ClientFileError) {
        close(descriptor)
        guard packing.done.wait(timeout: .now() + Self.endSecondsMax) == .success else { return }
        guard let failure = packing.failure.withLock({ $0 }) else { return }
        // A gateway that stops reading reports its own reason.
        if case .system(_, _, EPIPE) = failure { return }
        throw ClientFileError(failure)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(ImageError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                let errorNumber = errno
                guard errorNumber == EINTR else {
                    throw .system(call: "write", path: "the request", errorNumber: errorNumber)
                }
            } else {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}
