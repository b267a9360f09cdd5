// SPDX-License-Identifier: Apache-2.0
// How long a container that ended waits for its next start, as Docker's restart manager has it. Pure.

/// The pauses between the runs of one container.
struct RestartDelay: Hashable, Sendable {
    static let first = Duration.milliseconds(100)
    /// A crash loop costs one start a minute at most.
    static let longest = Duration.seconds(60)
    /// A run of this length did not end because of its start.
    static let stableAfter = Duration.seconds(10)

    private var last: Duration?

    /// A run has ended.
    ///
    /// - Parameter span: how long it was.
    /// - Returns: the pause before the next one; it doubles with each short run.
    mutating func next(afterRunOf span: Duration) -> Duration {
        if span >= Self.stableAfter { last = nil }
        let delay = last.map { min($0 * 2, Self.longest) } ?? Self.first
        last = delay
        return delay
    }
}
