// SPDX-License-Identifier: Apache-2.0
// A request body on its way from the connection to a function. FunctionHandler makes it, Scheduler pulls it, and
// Edge asks afterwards how far it got.

import Hummingbird
import NIOCore
import Scheduler
import Synchronization

/// Counts a streamed body while it passes, and remembers how it ended.
final class BodyGauge: Sendable {
    /// How far a body got.
    enum Progress: Hashable, Sendable {
        /// Nobody has asked for it.
        case untouched
        /// Being read, or given up in the middle of a read: nobody else may read the connection.
        case reading
        /// The function wants no more; the rest is still to come.
        case stopped
        /// More came than the function takes.
        case overflowed
        /// Read to its end: the connection can carry another request.
        case finished
    }

    private let state = Mutex(Progress.untouched)

    var progress: Progress { state.withLock { $0 } }

    /// The body as Scheduler takes it; pulls from the connection only as fast as the function reads.
    func stream(_ body: Hummingbird.RequestBody, bytesMax: Int) -> Scheduler.RequestBody {
        .stream { write in
            self.state.withLock { $0 = .reading }
            var received = 0
            for try await piece in body {
                received += piece.readableBytes
                guard received <= bytesMax else {
                    self.state.withLock { $0 = .overflowed }
                    throw RequestBodyTooLarge()
                }
                guard await write(piece) else {
                    self.state.withLock { $0 = .stopped }
                    return
                }
            }
            // A cancelled read looks like the end, but the rest may still come.
            if !Task.isCancelled { self.state.withLock { $0 = .finished } }
        }
    }
}
