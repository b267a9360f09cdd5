// SPDX-License-Identifier: Apache-2.0
// An asynchronous call as the store knows it: what is to be run, what became of it, and the bounds of the queue.

package import FoundationEssentials
package import FunctionModel

/// The state of an asynchronous call.
package enum QueuedCallState: String, Hashable, Sendable, Codable, CaseIterable {
    /// Accepted, and not yet claimed.
    case queued
    /// Claimed by a gateway, under a lease.
    case running
    /// An attempt has failed; the next one is due later.
    case waiting
    case succeeded
    /// No attempt is left, or none could change the result: a dead letter.
    case failed
    case cancelled

    /// Whether nothing changes it any more, but an operator's retry.
    package var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
}

/// Bytes of a request or an answer that the queue keeps.
package enum QueueContent: Hashable, Sendable {
    case none
    /// Kept in the database.
    case bytes(Data)
    /// Kept in a file of its own, which a ``QueueContentWriter`` has written.
    case file(QueueFile)

    package var sizeBytes: Int {
        switch self {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .file(let file): file.sizeBytes
        }
    }
}

/// A complete file of the queue on this host.
package struct QueueFile: Hashable, Sendable {
    /// Within the queue's folder.
    package let name: String
    package let path: String
    package let sizeBytes: Int

    package init(name: String, path: String, sizeBytes: Int) {
        self.name = name
        self.path = path
        self.sizeBytes = sizeBytes
    }
}

/// A call that is to be accepted.
package struct NewQueuedCall: Hashable, Sendable {
    package var id: String
    /// Taken when a call with the id above is known already.
    package var spareID: String
    package var function: FunctionName
    /// The request's head in the caller's own encoding.
    package var head: Data
    package var body: QueueContent
    /// Where the result is POSTed to; nil for nowhere.
    package var callbackURL: String?

    package init(id: String, spareID: String, function: FunctionName, head: Data, body: QueueContent) {
        self.id = id
        self.spareID = spareID
        self.function = function
        self.head = head
        self.body = body
    }
}

/// What came of an attempt to accept a call.
package enum EnqueueResult: Hashable, Sendable {
    /// It is on the disk.
    case accepted(id: String)
    /// The function has as many unfinished calls as it may have.
    case functionFull
    /// Bodies and outputs take as much disk as they may.
    case storageFull
}

/// How the last attempt ended.
package struct QueueResult: Hashable, Sendable {
    package var revision: Int?
    /// HTTP status, as the edge's table gives it; nil when no attempt was answered.
    package var status: Int?
    package var outcome: Outcome
    package var exitCode: Int?
    package var signal: Int?
    /// Wall time of the attempt.
    package var milliseconds: Double
    /// What outcome and status do not say.
    package var reason: String?
    /// The answer's head in the caller's own encoding.
    package var head: Data?

    package init(outcome: Outcome, milliseconds: Double = 0) {
        self.outcome = outcome
        self.milliseconds = milliseconds
    }
}

/// An asynchronous call, as operators see it.
package struct QueuedCall: Hashable, Sendable {
    package var id: String
    package var function: FunctionName
    package var state: QueuedCallState
    /// Attempts that count against `async.attempts`; the one under way is not among them.
    package var attempts: Int
    /// Attempts that ended with the gateway, and do not count.
    package var losses: Int
    package var acceptedAt: Date
    /// Start of the last attempt.
    package var startedAt: Date?
    package var finishedAt: Date?
    /// When the next attempt may start; nil while running and at the end.
    package var nextAttemptAt: Date?
    package var bodyBytes: Int
    /// Of the last attempt; nil when none is kept.
    package var outputBytes: Int?
    package var result: QueueResult?
    package var callbackURL: String?
    package var callbackState: CallbackState?
    /// Why the last delivery failed.
    package var callbackReason: String?
}

/// How far the delivery of a result is.
package enum CallbackState: String, Hashable, Sendable, Codable {
    case pending, delivered
    /// Given up after its last attempt.
    case failed
}

/// Bounds of the queue.
package struct QueueLimits: Hashable, Sendable {
    /// Unfinished calls of one function.
    package var unfinishedPerFunctionMax = 100_000
    /// Bodies and outputs together, in files and in the database.
    package var contentBytesMax = 4 << 30
    /// Finished calls kept.
    package var finishedMax = 100_000
    /// Outputs of finished calls kept; older ones go first.
    package var outputBytesMax = 1 << 30
    /// How long a finished call is kept.
    package var finishedAgeMax = Duration.seconds(3 * 86_400)
    /// How long a dead letter is kept.
    package var failedAgeMax = Duration.seconds(30 * 86_400)

    package init() {}
}
