// SPDX-License-Identifier: Apache-2.0
// Writes a container's output to its log, with a bound of size. Container owns one.

import Dispatch
import FoundationEssentials
import Glibc
import NIOCore
import Synchronization

/// The log of one container: two files, of which the older one is replaced when the newer one is full.
final class ContainerLog: Sendable {
    /// Of one file; a container has two at most.
    static let bytesMax = 16 << 20

    let path: String
    private let bytesMax: Int

    private struct Storage: ~Copyable {
        var lines = LogLineState()
        var descriptor: Int32 = -1
        var sizeBytes = 0
        var followers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var lastFollower: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(Storage())
    /// Writes go to the page cache; all containers share a thread.
    private static let queue = DispatchQueue(label: "container-logs")

    init(path: String, bytesMax: Int = bytesMax) {
        self.path = path
        self.bytesMax = bytesMax
    }

    deinit { state.withLock { if $0.descriptor >= 0 { Glibc.close($0.descriptor) } } }

    /// The older of the two files.
    static func rotated(_ path: String) -> String { path + ".1" }

    /// Writes a piece of output.
    func append(_ piece: AttachedOutput) async { await perform { $0.append(piece) } }

    /// The container has ended: the last line is written, and the file closed until it runs again.
    func finish() async {
        await perform { log in
            log.state.withLock { state in
                log.write(state.lines.finish(at: LogLineState.time(Date())), &state)
                if state.descriptor >= 0 { Glibc.close(state.descriptor) }
                state.descriptor = -1
            }
        }
    }

    private func perform(_ body: @escaping @Sendable (ContainerLog) -> Void) async {
        await withCheckedContinuation { continuation in
            Self.queue.async {
                body(self)
                continuation.resume()
            }
        }
    }

    private func append(_ piece: AttachedOutput) {
        let time = LogLineState.time(Date())
        state.withLock { state in
            switch piece {
            case .output(let bytes):
                write(state.lines.add(bytes.readableBytesView, .output, at: time), &state)
            case .errors(let bytes):
                write(state.lines.add(bytes.readableBytesView, .errors, at: time), &state)
            }
        }
    }

    /// A full disk loses lines, not the container.
    private func write(_ bytes: [UInt8], _ state: inout Storage) {
        guard !bytes.isEmpty, !state.isClosed else { return }
        if state.descriptor >= 0, state.sizeBytes + bytes.count > bytesMax {
            Glibc.close(state.descriptor)
            state.descriptor = -1
            _ = rename(path, Self.rotated(path))
        }
        if state.descriptor < 0 {
            state.descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
            var status = stat()
            state.sizeBytes = fstat(state.descriptor, &status) == 0 ? Int(status.st_size) : 0
        }
        guard state.descriptor >= 0 else { return }
        let count = Glibc.write(state.descriptor, bytes, bytes.count)
        if count > 0 { state.sizeBytes += count }
        for follower in state.followers.values { follower.yield() }
    }

    // MARK: Readers

    /// Signals each time when the log has grown; ends with ``endFollowing()``.
    func follow() -> AsyncStream<Void> {
        let (stream, follower) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number: UInt64? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.lastFollower += 1
            state.followers[state.lastFollower] = follower
            return state.lastFollower
        }
        guard let number else {
            follower.finish()
            return stream
        }
        follower.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.followers.removeValue(forKey: number) }
        }
        return stream
    }

    /// The container has ended: readers get what is written and end.
    func endFollowing() {
        let followers = state.withLock { state in
            defer { state.followers = [:] }
            return Array(state.followers.values)
        }
        for follower in followers { follower.finish() }
    }

    /// The container is removed.
    func close() {
        state.withLock { state in
            state.isClosed = true
            if state.descriptor >= 0 { Glibc.close(state.descriptor) }
            state.descriptor = -1
        }
        endFollowing()
    }
}
