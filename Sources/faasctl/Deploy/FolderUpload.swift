// SPDX-License-Identifier: Apache-2.0
// Sends a folder to the gateway: packed on a thread of its own while the request reads from a pipe.

import Foundation
import GatewayAPI
import ImageBuilder
import ImageStore
import Synchronization

/// One folder as a stream.
///
/// The command owns it and calls ``finish(_:)`` once the request is over.
final class FolderUpload: Sendable {
    private let packing: Packing
    private let readEnd: Int32

    /// A thread whose stream was read to its end is over already.
    private static let endSecondsMax = 1.0

    /// What the packing thread reports, and the end of it.
    private final class Packing: Sendable {
        let failure = Mutex<ImageError?>(nil)
        let skipped = Atomic(0)
        let done = DispatchSemaphore(value: 0)
    }

    /// Starts packing.
    ///
    /// - Parameters:
    ///   - folder: what to pack.
    ///   - compression: none pays on this machine, gzip over a network.
    ///   - filter: the files to send; nil sends all.
    ///   - what: begins the message when it fails.
    /// - Throws: ``CommandFailure`` when no pipe can be made.
    convenience init(
        _ folder: URL,
        compression: TarCompression,
        filter: UploadFilter? = nil,
        _ what: String
    ) throws(CommandFailure) {
        let path = folder.path
        try self.init(what) { sink throws(ImageError) in
            try ContextArchive.pack(
                directory: path,
                compression: compression,
                including: { filter?.includes($0, isFolder: $1) ?? true },
                sink: sink
            )
            return 0
        }
    }

    /// Starts packing the root of a system; as root its files keep their owners.
    convenience init(root: String, compression: TarCompression, _ what: String) throws(CommandFailure) {
        try self.init(what) { sink throws(ImageError) in
            try RootArchive.pack(
                directory: root,
                compression: compression,
                keepsOwners: geteuid() == 0,
                sink: sink
            )
        }
    }

    private typealias Sink = (UnsafeRawBufferPointer) throws(ImageError) -> Void

    private init(
        _ what: String,
        _ pack: @escaping @Sendable (@escaping Sink) throws(ImageError) -> Int
    ) throws(CommandFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw CommandFailure(what, why: systemMessage(errno))
        }
        // A request that ends early closes the pipe: the writer then fails with an error.
        signal(SIGPIPE, SIG_IGN)
        let packing = Packing()
        let writeEnd = ends[1]
        self.packing = packing
        readEnd = ends[0]
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

    /// Devices and sockets that were left out, after ``finish(_:)``.
    var skipped: Int { packing.skipped.load(ordering: .relaxed) }

    /// What the request sends.
    var content: RequestContent { .stream(readEnd, type: MediaName.tar) }

    /// Closes the pipe and returns whether the folder was read completely.
    ///
    /// Blocks until the thread has ended, bounded: a gateway that refuses early leaves it without a reader,
    /// and then its refusal is what counts.
    ///
    /// - Throws: ``CommandFailure`` when something in the folder could not be read.
    func finish(_ what: String) throws(CommandFailure) {
        close(readEnd)
        guard packing.done.wait(timeout: .now() + Self.endSecondsMax) == .success else { return }
        guard let failure = packing.failure.withLock({ $0 }) else { return }
        // A gateway that stops reading reports its own reason.
        if case .system(_, _, EPIPE) = failure { return }
        throw CommandFailure(what, why: "\(failure)")
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

extension GatewayClient {
    /// The compression of an upload: over this machine's loopback compression costs more than it saves.
    var compression: TarCompression { BasicCredentials.isLoopback(address) ? .none : .gzip }
}
