// SPDX-License-Identifier: Apache-2.0
// Writes a blob from the connection into the store and hashes it while it arrives. The download driver
// owns one.

import OCI
import HTTPClient
import ImageStore
import Foundation
import Synchronization

/// One blob's file and the state of its download, fed from the lane's thread.
final class DownloadSink: BodySink {
    private struct State: ~Copyable {
        var machine: DownloadState
        var writer: BlobWriter?
        var acceptance = DownloadState.Acceptance.decline
        var errorBody: [UInt8] = []
        var failure: ImageError?
        var isTooLong = false
        var reportedBytes: Int
        var head: HTTPHead?
    }
    private let state: Mutex<State>
    private let blob: Descriptor
    private let events: TransferEvents

    /// Opens the blob's partial file.
    ///
    /// Blocks: the part that an earlier run left is read again to hash it.
    init(
        _ blob: Descriptor,
        store: BlobStore,
        limits: RetryPlan.Limits,
        events: @escaping TransferEvents
    ) throws(ImageError) {
        let writer = try store.resumeWrite(expected: blob.digest, size: blob.size)
        let written = writer.written
        let machine = DownloadState(sizeBytes: blob.size, writtenBytes: written, limits: limits)
        state = Mutex(State(machine: machine, writer: consume writer, reportedBytes: written))
        self.blob = blob
        self.events = events
    }

    func begin(_ head: HTTPHead) -> Bool {
        let (acceptance, goesOn) = accept(head)
        if acceptance == .restart { events(.restarted(blob.digest)) }
        return goesOn
    }

    private func accept(_ head: HTTPHead) -> (DownloadState.Acceptance, goesOn: Bool) {
        state.withLock { state in
            state.head = head
            state.errorBody = []
            state.acceptance = state.machine.answered(
                status: head.status,
                contentRange: head["Content-Range"]
            )
            if state.acceptance == .restart, !Self.empty(&state) { return (.decline, false) }
            // The text of an error is read; content that was not requested is not.
            let isContent = head.status == 200 || head.status == 206 || head.status == 416
            return (state.acceptance, state.acceptance != .decline || !isContent)
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (goesOn, event): (Bool, TransferEvent?) = state.withLock { state in
            guard state.acceptance != .decline else {
                let room = RegistryAnswer.bodyBytesMax - state.errorBody.count
                state.errorBody.append(contentsOf: bytes.prefix(room))
                return (bytes.count <= room, nil)
            }
            guard state.machine.received(bytes.count) else {
                state.isTooLong = true
                return (false, nil)
            }
            do throws(ImageError) {
                try state.writer?.write(bytes)
            } catch {
                state.failure = error
                return (false, nil)
            }
            let done = state.machine.writtenBytes
            guard done - state.reportedBytes >= TransferEvent.progressStepBytes || done == blob.size else {
                return (true, nil)
            }
            state.reportedBytes = done
            return (true, .progressed(blob.digest, doneBytes: done, sizeBytes: blob.size))
        }
        if let event { events(event) }
        return goesOn
    }

    /// Truncates the file; false when the file system refuses.
    private static func empty(_ state: inout State) -> Bool {
        do throws(ImageError) {
            try state.writer?.restart()
            state.machine.emptied()
            state.reportedBytes = 0
            return true
        } catch {
            state.failure = error
            return false
        }
    }
}

extension DownloadSink {
    var next: DownloadState.Step { state.withLock { $0.machine.next() } }
    var isPatched: Bool { state.withLock { $0.machine.isPatched } }

    /// Blocks on the disk; before a request for the first byte.
    func prepare(from: Int) throws(ImageError) {
        let failure: ImageError? = state.withLock { state in
            guard from == 0 else { return nil }
            return Self.empty(&state) ? nil : state.failure
        }
        if let failure { throw failure }
    }

    /// An answer was complete, or the sink refused its body.
    func ended() -> DownloadState.Step {
        var random = SystemRandomNumberGenerator()
        return state.withLock { state in
            guard let head = state.head else { return state.machine.broke(.broken, using: &random) }
            let retryAfter = RetryAfter.parse(head["Retry-After"], now: Date())
            return state.machine.ended(status: head.status, retryAfter: retryAfter, using: &random)
        }
    }

    func broke(_ trouble: RetryPlan.Trouble) -> DownloadState.Step {
        var random = SystemRandomNumberGenerator()
        return state.withLock { $0.machine.broke(trouble, using: &random) }
    }

    /// Why the sink stopped, when the download's state was not the cause.
    var refusal: RegistryError? {
        state.withLock { state in
            if let failure = state.failure { return .store(failure) }
            guard state.isTooLong else { return nil }
            return .wrongContent(what: "\(blob.digest)", reason: "more than its \(blob.size) bytes were sent")
        }
    }

    /// The registry's last answer.
    func answer(subject: String) -> RegistryAnswer? {
        state.withLock { state in
            state.head.map { RegistryAnswer(subject: subject, head: $0, body: state.errorBody) }
        }
    }

    /// Verifies and publishes the blob.
    ///
    /// Blocks on the disk; the sink accepts no bytes afterwards.
    func commit() throws(ImageError) {
        let result: Result<Void, ImageError> = state.withLock { state in
            guard let writer = state.writer.take() else { return .success(()) }
            do throws(ImageError) {
                _ = try writer.commit()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Removes the partial blob, so that it is not resumed.
    ///
    /// Blocks on the disk.
    func discard() {
        state.withLock { state in
            guard let writer = state.writer.take() else { return }
            writer.discard()
        }
    }
}
