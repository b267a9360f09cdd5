// SPDX-License-Identifier: Apache-2.0
// Bodies and outputs between the queue's storage and a call, in pieces: neither is ever whole in memory when large.

import FoundationEssentials
import FunctionStore
import NIOCore
import Synchronization

/// Moves contents in and out of the queue.
enum QueuedBody {
    /// The body of a call's request.
    static func request(_ content: QueueContent) -> RequestBody {
        switch content {
        case .none: .none
        case .bytes(let bytes) where bytes.isEmpty: .none
        case .bytes(let bytes): .whole(ByteBuffer(bytes: bytes))
        case .file(let file): .stream { write in try await read(file, to: write) }
        }
    }

    private static func read(_ file: QueueFile, to write: (ByteBuffer) async -> Bool) async throws {
        var reader = try QueuedFileReader(file)
        while !Task.isCancelled, let piece = try reader.next() {
            guard await write(piece) else { return }
        }
    }

    /// Takes a request's body in.
    ///
    /// - Throws: what the body's source throws, and ``StoreError``; nothing is kept then.
    static func accept(_ body: RequestBody, in store: any QueueRepository) async throws -> QueueContent {
        switch body {
        case .none: return .none
        case .whole(let bytes): return try await self.store(bytes, in: store)
        case .stream(let pull):
            let writer = try await store.openContent()
            do {
                let failure = Mutex<StoreError?>(nil)
                try await pull { piece in
                    do throws(StoreError) {
                        try write(piece, to: writer)
                        return true
                    } catch {
                        failure.withLock { $0 = error }
                        return false
                    }
                }
                if let failure = failure.withLock({ $0 }) { throw failure }
                // A body that a cancellation has cut is no body.
                try Task.checkCancellation()
                return try await writer.finish()
            } catch {
                writer.discard()
                throw error
            }
        }
    }

    /// Keeps what is in memory: small in the database, else in a file.
    static func store(_ bytes: ByteBuffer, in store: any QueueRepository) async throws(StoreError)
        -> QueueContent
    {
        if bytes.readableBytes == 0 { return .none }
        if bytes.readableBytes <= QueuedAttempt.inlineBytesMax {
            return .bytes(Data(bytes.readableBytesView))
        }
        let writer = try await store.openContent()
        try write(bytes, to: writer)
        return try await writer.finish()
    }

    /// Keeps output as it comes.
    static func store(_ output: any OutputStream, in store: any QueueRepository) async throws(StoreError)
        -> QueueContent
    {
        let writer = try await store.openContent()
        while let piece = await output.next() { try write(piece, to: writer) }
        return try await writer.finish()
    }

    private static func write(_ piece: ByteBuffer, to writer: any QueueContentWriter) throws(StoreError) {
        let result: Result<Void, StoreError> = piece.withUnsafeReadableBytes { bytes in
            do throws(StoreError) {
                try writer.write(bytes)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
