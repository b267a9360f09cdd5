// SPDX-License-Identifier: Apache-2.0
// Decides the steps of one blob's upload (distribution-spec, "Pushing blobs"). Pure; the upload driver asks it.

/// The progress of an upload and its next request.
struct UploadState: Sendable {
    enum Step: Hashable, Sendable {
        /// POST uploads/, with `mount` and `from` when a repository is given.
        case open(mountFrom: String?)
        /// PUT the whole blob with the digest.
        case putWhole
        /// PATCH these bytes.
        case patch(Range<Int>)
        /// PUT an empty body with the digest: the registry has all bytes.
        case close
        /// GET the upload's address, to learn how many bytes arrived.
        case ask
        case wait(Duration)
        case done(Result)
        /// The upload failed; the last answer has the reason.
        case refused
        /// Too many broken connections; the last one has the reason.
        case broken
        case violation(String)
    }

    enum Result: Hashable, Sendable {
        case uploaded
        case mounted(from: String)
    }

    /// The parts of an answer that decide the next step.
    struct Answer: Sendable {
        var status: Int
        var hasLocation = false
        /// The end of `0-n` in Range.
        var lastByte: Int?
        /// OCI-Chunk-Min-Length.
        var chunkBytesMin: Int?
        var retryAfter: Duration?
    }

    /// Restarts of an upload before it fails: a registry that loses three uploads is broken.
    static let opensMax = 4
    /// Refused chunks in a row after which the upload is restarted.
    static let asksMax = 3
    /// The statuses with which registries without chunked uploads refuse the first chunk.
    private static let unknownToSome: Set<Int> = [400, 404, 405, 411, 415, 501]
    /// The largest chunk that a registry may ask for: chunks are held in memory.
    static let chunkBytesMax = 64 << 20

    let sizeBytes: Int
    private let monolithicBytesMax: Int
    private var chunkBytes: Int
    private var isChunked: Bool
    private var mountSources: [String]
    private var plan: RetryPlan
    private var step: Step
    private var opens = 0
    private var sentBytes = 0
    private var asks = 0

    init(
        sizeBytes: Int,
        monolithicBytesMax: Int,
        chunkBytes: Int,
        mountFrom: String?,
        limits: RetryPlan.Limits
    ) {
        self.sizeBytes = sizeBytes
        self.monolithicBytesMax = monolithicBytesMax
        self.chunkBytes = max(1, chunkBytes)
        isChunked = sizeBytes > monolithicBytesMax
        mountSources = mountFrom.map { [$0] } ?? []
        plan = RetryPlan(limits: limits)
        step = .open(mountFrom: mountFrom)
    }

    /// The step at the beginning and after a wait.
    func next() -> Step { step }

    /// The registry answered the current step.
    mutating func answered(_ answer: Answer, using random: inout some RandomNumberGenerator) -> Step {
        if RetryPlan.isPassing(answer.status) {
            return retry(
                .status(answer.status, retryAfter: answer.retryAfter),
                using: &random,
                orElse: .refused
            )
        }
        switch step {
        case .open(let source): return opened(answer, mountFrom: source)
        case .putWhole, .close:
            if (200...299).contains(answer.status) { return .done(.uploaded) }
            return answer.status == 404 ? reopen() : .refused
        case .patch(let range): return patched(answer, range)
        case .ask: return asked(answer)
        default: return .violation("an answer without a request")
        }
    }

    /// The connection broke during the current step.
    mutating func broke(_ trouble: RetryPlan.Trouble, using random: inout some RandomNumberGenerator) -> Step
    {
        retry(trouble, using: &random, orElse: .broken)
    }

    private mutating func opened(_ answer: Answer, mountFrom source: String?) -> Step {
        if answer.status == 201, let source { return .done(.mounted(from: source)) }
        if answer.status == 202, answer.hasLocation {
            sentBytes = 0
            if let least = answer.chunkBytesMin {
                if least > Self.chunkBytesMax { isChunked = false }
                chunkBytes = min(max(chunkBytes, least), Self.chunkBytesMax)
            }
            return isChunked ? sendNext() : go(.putWhole)
        }
        // A registry that cannot mount from that repository refuses the whole request: repeat it without.
        if source != nil { return go(.open(mountFrom: nil)) }
        return (200...299).contains(answer.status) ? .violation("an upload without a Location") : .refused
    }

    private mutating func patched(_ answer: Answer, _ range: Range<Int>) -> Step {
        switch answer.status {
        case 200...299:
            let end = (answer.lastByte ?? range.upperBound - 1) + 1
            guard end > range.lowerBound, end <= range.upperBound else {
                return .violation("it has \(end) bytes after a chunk that ends at \(range.upperBound)")
            }
            sentBytes = end
            asks = 0
            plan.progressed()
            return sendNext()
        case 416:
            asks += 1
            return asks > Self.asksMax ? reopen() : go(.ask)
        case 404 where sentBytes > 0: return reopen()
        default:
            guard sentBytes == 0, Self.unknownToSome.contains(answer.status) else { return .refused }
            isChunked = false
            return reopen()
        }
    }

    private mutating func asked(_ answer: Answer) -> Step {
        guard (200...299).contains(answer.status) else { return reopen() }
        // Some registries send `0-0` for "no bytes"; a registry that means one byte refuses that byte when it is
        // repeated, and after a few refusals the upload is restarted.
        let end = answer.lastByte.map { $0 == 0 ? 0 : $0 + 1 } ?? 0
        guard end <= sizeBytes else { return .violation("it has more bytes than were sent") }
        guard end >= sentBytes else { return reopen() }
        sentBytes = end
        return sendNext()
    }

    private mutating func sendNext() -> Step {
        guard sentBytes < sizeBytes else { return go(.close) }
        return go(.patch(sentBytes..<min(sizeBytes, sentBytes + chunkBytes)))
    }

    private mutating func reopen() -> Step {
        guard opens < Self.opensMax else { return .violation("it forgets uploads") }
        opens += 1
        return go(.open(mountFrom: nil))
    }

    private mutating func retry(
        _ trouble: RetryPlan.Trouble,
        using random: inout some RandomNumberGenerator,
        orElse end: Step
    ) -> Step {
        guard case .wait(let delay) = plan.failed(trouble, using: &random) else { return end }
        switch step {
        case .patch: step = .ask
        // The registry's state after a broken PUT is unknown, so the upload is restarted.
        case .putWhole, .close:
            let again = reopen()
            if case .violation = again { return end }
        default: break
        }
        return .wait(delay)
    }

    private mutating func go(_ next: Step) -> Step {
        step = next
        return next
    }
}
