// SPDX-License-Identifier: Apache-2.0
// Output that outgrew the response buffer. Gateway reads it; the invocation ends properly even without a reader.

import FunctionModel
import HTTPTypes
import NIOCore
import Sandbox
import Synchronization

/// The rest of one invocation's output.
///
/// The slot is given back when PID 1 is gone, and the record made when the reader is done too. A reader that
/// drops the stream without a call counts as disconnected.
final class StreamedOutput: OutputStream {
    private struct Storage {
        var buffered: ByteBuffer?
        var isReaderDone = false
        var whenReaderDone: CheckedContinuation<Void, Never>?
    }

    /// Whether the reader is done, shared with the task that finishes the record.
    private final class Reader: Sendable {
        let storage: Mutex<Storage>

        init(buffered: ByteBuffer) { storage = Mutex(Storage(buffered: buffered)) }

        func done() {
            let continuation = storage.withLock { storage in
                storage.isReaderDone = true
                defer { storage.whenReaderDone = nil }
                return storage.whenReaderDone
            }
            continuation?.resume()
        }

        func waitUntilDone() async {
            await withCheckedContinuation { continuation in
                let isDone = storage.withLock { storage in
                    if !storage.isReaderDone { storage.whenReaderDone = continuation }
                    return storage.isReaderDone
                }
                if isDone { continuation.resume() }
            }
        }
    }

    private let running: RunningInvocation
    private let reader: Reader
    private let source: @Sendable () async -> ByteBuffer?
    private let ownTrailers: @Sendable () -> HTTPFields
    private let finisher: Task<Invocation, Never>

    /// - Parameters:
    ///   - buffered: what was collected so far, counted already.
    ///   - running: the invocation.
    ///   - source: what follows, counted; nil at its end.
    ///   - trailers: fields behind the output, asked at its end.
    ///   - finish: gives the slot back and returns what makes the record.
    init(
        buffered: ByteBuffer,
        running: RunningInvocation,
        source: @escaping @Sendable () async -> ByteBuffer?,
        trailers: @escaping @Sendable () -> HTTPFields = { HTTPFields() },
        finish: @escaping @Sendable (ExitReport) async -> @Sendable () -> Invocation
    ) {
        let reader = Reader(buffered: buffered)
        self.reader = reader
        self.running = running
        self.source = source
        ownTrailers = trailers
        finisher = Task {
            let report = await running.session.exit()
            let record = await finish(report)
            await reader.waitUntilDone()
            return record()
        }
    }

    deinit { abandon() }

    func next() async -> ByteBuffer? {
        let buffered = reader.storage.withLock { storage in
            defer { storage.buffered = nil }
            return storage.buffered
        }
        if let buffered, buffered.readableBytes > 0 { return buffered }
        guard let bytes = await source() else {
            reader.done()
            return nil
        }
        return bytes
    }

    func ending() async -> Invocation {
        reader.done()
        return await finisher.value
    }

    var trailers: HTTPFields { ownTrailers() }

    func cancel() { abandon() }

    private func abandon() {
        let wasDone = reader.storage.withLock { $0.isReaderDone }
        if !wasDone { running.session.stop(.cancelled) }
        reader.done()
    }
}
