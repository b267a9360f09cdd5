// SPDX-License-Identifier: Apache-2.0
// A request body between the connection and a function. FunctionHandler makes it, Scheduler pulls it, and
// Edge asks afterwards how far it got.

import Hummingbird
import NIOCore
import Scheduler
import Synchronization

/// Reads a body in pieces, its beginning before the function starts, and remembers how it ended.
final class BodyGauge: Sendable {
    /// How far a body got.
    enum Progress: Hashable, Sendable {
        /// Not read yet.
        case untouched
        /// Being read, or abandoned in the middle of a read: there must be no second reader of the connection.
        case reading
        /// The function wants no more; the rest is still to come.
        case stopped
        /// More came than the function takes.
        case overflowed
        /// It violated the protocol, or was not complete in time.
        case failed(RequestRefusal)
        /// Read to its end: the connection can carry another request.
        case finished
    }

    /// What ``begin(upTo:taking:)`` found.
    enum Beginning: Sendable {
        /// The whole body, which was short.
        case whole(ByteBuffer)
        /// There is more; what has come is kept.
        case more
    }

    /// Stops the function at a failure, also while it does not read.
    let monitor = RequestBodyMonitor()
    private let state = Mutex(Progress.untouched)
    private let bytesMax: Int
    /// SAFETY: one task at a time reads: the request's own until the function is invoked, then the one that Scheduler
    /// runs the stream in, which it awaits before it answers.
    private nonisolated(unsafe) var pieces: Hummingbird.RequestBody.AsyncIterator
    /// SAFETY: as `pieces`.
    private nonisolated(unsafe) var kept = ByteBuffer()

    init(_ body: Hummingbird.RequestBody, bytesMax: Int) {
        pieces = body.makeAsyncIterator()
        self.bytesMax = bytesMax
    }

    var progress: Progress { state.withLock { $0 } }

    /// Whether the connection must have no second reader.
    var isBroken: Bool {
        switch progress {
        case .reading, .failed: true
        default: false
        }
    }

    /// Why the body cannot be had; nil while it can.
    var problem: Problem? {
        switch progress {
        case .overflowed: .bodyTooLarge(bytesMax: bytesMax)
        case .failed(.brokenOff): nil
        case .failed(let refusal): Problem(refusal)
        default: nil
        }
    }

    /// The connection found a failure; what was read before it may not have been delivered yet.
    func fail(_ refusal: RequestRefusal) {
        guard refusal != .brokenOff else { return }
        let isRead = state.withLock { state in
            if case .finished = state { return true }
            state = .failed(refusal)
            return false
        }
        if !isRead { monitor.fail(refusal.bodyFailure) }
    }

    /// Notes how far it got, unless it has failed.
    private func note(_ progress: Progress) {
        state.withLock { state in
            if case .failed = state { return }
            state = progress
        }
    }

    /// Reads the beginning, so that a client that sends nothing holds no sandbox.
    ///
    /// - Parameters:
    ///   - bytes: how much of it.
    ///   - share: the memory that it may take; nil does not count it.
    /// - Returns: whether that is all.
    /// - Throws: ``RequestRefusal``, ``RequestBodyTooLarge``, ``SignedBodiesFull``.
    func begin(upTo bytes: Int, taking share: ByteBudget.Share? = nil) async throws -> Beginning {
        note(.reading)
        while kept.readableBytes < bytes {
            guard var piece = try await pieces.next() else {
                // A cancelled read looks like the end, but the rest may still come.
                guard !Task.isCancelled else { throw CancellationError() }
                note(.finished)
                return .whole(kept)
            }
            guard share?.take(piece.readableBytes) ?? true else {
                note(.stopped)
                throw SignedBodiesFull()
            }
            kept.writeBuffer(&piece)
            guard kept.readableBytes <= bytesMax else {
                note(.overflowed)
                throw RequestBodyTooLarge()
            }
        }
        return .more
    }

    /// The body as Scheduler takes it; pulls from the connection only as fast as the function reads.
    func stream() -> Scheduler.RequestBody {
        .stream { write in
            self.note(.reading)
            do {
                try await self.forward(to: write)
            } catch let refusal as RequestRefusal {
                self.note(.failed(refusal))
                // A client that left is no failure of its body.
                if refusal == .brokenOff { throw refusal }
                throw refusal.bodyFailure
            }
        }
    }

    private func forward(to write: (ByteBuffer) async -> Bool) async throws {
        var received = kept.readableBytes
        if received > 0, await !write(kept) { return note(.stopped) }
        kept = ByteBuffer()
        while let piece = try await pieces.next() {
            received += piece.readableBytes
            guard received <= bytesMax else {
                note(.overflowed)
                throw RequestBodyTooLarge()
            }
            guard await write(piece) else { return note(.stopped) }
        }
        // A cancelled read looks like the end, but the rest may still come.
        if !Task.isCancelled { note(.finished) }
    }
}

extension RequestRefusal {
    /// The body's state as Scheduler gets it.
    var bodyFailure: RequestBodyFailure { self == .stalled ? .stalled : .malformed }
}
