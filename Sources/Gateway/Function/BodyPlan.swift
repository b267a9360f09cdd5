// SPDX-License-Identifier: Apache-2.0
// How a request body is taken in: not at all, whole, or piece by piece. FunctionHandler drives it.

import HTTPTypes
import Hummingbird
import NIOCore
import Scheduler
import Synchronization

/// The cheapest way to take a body, decided by its head alone.
enum BodyPlan: Hashable, Sendable {
    case none
    /// Collected before the function starts; the length is known.
    case whole(bytes: Int)
    case stream
    case tooLarge
    case malformed

    /// Bodies up to this are collected first: one write, no task, and a slow client holds no sandbox.
    static let wholeBytesMax = 64 << 10

    init(_ fields: HTTPFields, bytesMax: Int) {
        if fields[.transferEncoding] != nil {
            self = .stream
            return
        }
        guard let text = fields[.contentLength] else {
            self = .none
            return
        }
        guard let length = Int(text), length >= 0 else {
            self = .malformed
            return
        }
        if length == 0 {
            self = .none
        } else if length > bytesMax {
            self = .tooLarge
        } else {
            self = length <= Self.wholeBytesMax ? .whole(bytes: length) : .stream
        }
    }
}

/// Counts a streamed body while it passes, and remembers how it ended.
final class BodyGauge: Sendable {
    private struct State: Sendable {
        var begun = false
        var finished = false
        var overflowed = false
    }

    private struct TooLarge: Error {}

    private let state = Mutex(State())

    /// Whether more came than the function takes.
    var overflowed: Bool { state.withLock { $0.overflowed } }
    /// Whether the body was read to its end, so that the connection can carry another request.
    var finished: Bool { state.withLock { $0.finished } }
    /// Whether somebody may still be reading: nobody else may read the connection then.
    var isReading: Bool { state.withLock { $0.begun && !$0.finished } }

    /// The body as Scheduler takes it; pulls from the connection only as fast as the function reads.
    func stream(_ body: Hummingbird.RequestBody, bytesMax: Int) -> Scheduler.RequestBody {
        .stream { write in
            self.state.withLock { $0.begun = true }
            var received = 0
            for try await piece in body {
                received += piece.readableBytes
                guard received <= bytesMax else {
                    self.state.withLock { $0.overflowed = true }
                    throw TooLarge()
                }
                guard await write(piece) else { return }
            }
            self.state.withLock { $0.finished = true }
        }
    }
}
