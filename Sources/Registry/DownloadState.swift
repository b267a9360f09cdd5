// SPDX-License-Identifier: Apache-2.0
// Range and resume decisions of one blob's download. Pure; the download driver asks it after every event.

/// The progress of a blob's download and its next step.
struct DownloadState: Sendable {
    enum Step: Hashable, Sendable {
        /// Request the bytes from this offset; from 0 without a Range.
        case request(from: Int)
        case wait(Duration)
        /// All bytes have arrived.
        case verify
        /// The download failed; the last answer has the reason.
        case refused
        /// Too many broken connections; the last one has the reason.
        case broken
        case violation(String)
    }

    /// The use of an answer's body.
    enum Acceptance: Hashable, Sendable {
        case append
        /// It is the whole blob again: truncate the file first.
        case restart
        /// It is no content: an error text, a redirect, a range that was not requested.
        case decline
    }

    /// Permitted restarts because of a server that ignores ranges.
    static let restartsMax = 3

    let sizeBytes: Int
    private(set) var writtenBytes: Int
    private var plan: RetryPlan
    private var restarts = 0
    private var mustRestart = false
    private var isAccepted = false
    /// Whether the content is joined from parts, of several answers or of an earlier run.
    ///
    /// Joining the parts may then be the cause of a wrong digest, so one complete download is tried.
    private(set) var isPatched: Bool

    init(sizeBytes: Int, writtenBytes: Int, limits: RetryPlan.Limits) {
        self.sizeBytes = sizeBytes
        self.writtenBytes = writtenBytes
        isPatched = writtenBytes > 0
        plan = RetryPlan(limits: limits)
    }

    /// The step at the beginning and after a wait.
    func next() -> Step {
        if mustRestart { return .request(from: 0) }
        return writtenBytes == sizeBytes ? .verify : .request(from: writtenBytes)
    }

    /// The driver has truncated the file for a request from the first byte.
    mutating func emptied() {
        mustRestart = false
        writtenBytes = 0
        isPatched = false
    }

    /// An answer begins.
    mutating func answered(status: Int, contentRange: String?) -> Acceptance {
        isAccepted = false
        switch status {
        case 200:
            isAccepted = true
            guard writtenBytes > 0 else { return .append }
            restarts += 1
            guard restarts <= Self.restartsMax else {
                isAccepted = false
                return .decline
            }
            emptied()
            return .restart
        case 206:
            guard let range = ContentRange(contentRange), range.first == writtenBytes,
                range.total == nil || range.total == sizeBytes
            else {
                mustRestart = true
                return .decline
            }
            isAccepted = true
            if writtenBytes > 0 { isPatched = true }
            return .append
        case 416:
            mustRestart = true
            return .decline
        default: return .decline
        }
    }

    /// Bytes arrived; false when the blob exceeds its size.
    mutating func received(_ count: Int) -> Bool {
        guard count <= sizeBytes - writtenBytes else { return false }
        writtenBytes += count
        if count > 0 { plan.progressed() }
        return true
    }

    /// An answer was complete.
    mutating func ended(
        status: Int,
        retryAfter: Duration?,
        using random: inout some RandomNumberGenerator
    ) -> Step {
        if isAccepted {
            return writtenBytes == sizeBytes ? .verify : broke(.broken, using: &random)
        }
        if mustRestart || status == 200 {
            restarts += 1
            guard restarts <= Self.restartsMax else {
                return .violation("it sends other ranges than asked for")
            }
            return .request(from: 0)
        }
        switch plan.failed(.status(status, retryAfter: retryAfter), using: &random) {
        case .wait(let delay): return .wait(delay)
        case .giveUp: return .refused
        }
    }

    /// The connection broke.
    mutating func broke(_ trouble: RetryPlan.Trouble, using random: inout some RandomNumberGenerator) -> Step
    {
        switch plan.failed(trouble, using: &random) {
        case .wait(let delay): .wait(delay)
        case .giveUp: .broken
        }
    }
}

/// `bytes 5-9/10` (RFC 9110, section 14.4).
struct ContentRange: Hashable, Sendable {
    var first: Int
    var last: Int
    /// Nil for `*`.
    var total: Int?

    init?(_ text: String?) {
        guard let text, text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first >= 0, last >= first
        else { return nil }
        self.first = first
        self.last = last
        if parts[1] != "*" {
            guard let total = Int(parts[1]), total > last else { return nil }
            self.total = total
        }
    }
}
