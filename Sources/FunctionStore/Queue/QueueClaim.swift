// SPDX-License-Identifier: Apache-2.0
// Claims of the queue: what a gateway asks for, what it gets, and how it gives a call back.

package import FoundationEssentials
package import FunctionModel

/// What a gateway can run now.
package struct QueueClaimRequest: Sendable {
    /// The gateway's process; another one's claims are not its own.
    package var owner: String
    /// The claim ends after this, unless it is extended.
    package var lease: Duration
    /// Calls in all.
    package var countMax: Int
    /// How many more calls of a function it can run; asked within the transaction, so it must not block.
    package var room: @Sendable (FunctionName) -> Int

    package init(
        owner: String,
        lease: Duration,
        countMax: Int,
        room: @escaping @Sendable (FunctionName) -> Int = { _ in .max }
    ) {
        self.owner = owner
        self.lease = lease
        self.countMax = countMax
        self.room = room
    }
}

/// One call that is this owner's to run, until its lease ends.
package struct QueueClaim: Hashable, Sendable {
    package var id: String
    package var function: FunctionName
    package var owner: String
    /// Counts claims of the call: with id and owner it fences the end of this one from those of others.
    package var attempt: Int
    /// Attempts before this one that count against `async.attempts`.
    package var attemptsUsed: Int
    /// Attempts before this one that ended with their gateway.
    package var losses: Int
    package var head: Data
    package var body: QueueContent
    package var acceptedAt: Date
}

/// Claimed calls, and when to ask again.
package struct QueueClaims: Hashable, Sendable {
    package var claims: [QueueClaim]
    /// Until something is due for which there is room; nil when nothing is.
    package var nextDue: Duration?

    package init(claims: [QueueClaim] = [], nextDue: Duration? = nil) {
        self.claims = claims
        self.nextDue = nextDue
    }
}

/// What becomes of a claimed call.
package enum QueueEnding: Hashable, Sendable {
    /// A final state.
    case finished(QueuedCallState, QueueResult, output: QueueContent)
    /// The attempt counts; the next one may start after the wait.
    case retry(after: Duration, QueueResult, output: QueueContent)
    /// Nothing was run: the attempt does not count.
    case released(after: Duration)
}

/// A call that lost its gateway.
package struct LostQueuedCall: Hashable, Sendable {
    package var id: String
    package var function: FunctionName
    /// When the attempt began.
    package var startedAt: Date
}

/// A result that is this owner's to deliver.
package struct CallbackClaim: Hashable, Sendable {
    package var owner: String
    /// Counts deliveries, this one included.
    package var attempt: Int
    package var url: String
    package var call: QueuedCall
    package var output: QueueContent
}

/// What becomes of a delivery.
package enum CallbackEnding: Hashable, Sendable {
    case delivered
    case retry(after: Duration, reason: String)
    case failed(reason: String)
    /// Nothing was sent.
    case released
}

/// What an operator's change did.
package enum QueueChange: Hashable, Sendable {
    case done
    /// It runs: its owner is to end it, and it becomes `cancelled` then.
    case asked
    /// Its state does not allow it.
    case refused(QueuedCallState)
    case unknown
}

/// Which queued calls to list, newest first.
package struct QueueQuery: Hashable, Sendable {
    /// Rows that one answer holds at most.
    package static let limitMax = 10_000

    package var function: FunctionName?
    /// Only calls of its functions; nil for all.
    package var namespace: String?
    /// Empty for any.
    package var states: Set<QueuedCallState> = []
    /// The last id of the page before; an unknown one gives an empty page.
    package var before: String?
    /// Clamped to 0…``limitMax``.
    package var limit = 1000

    package init() {}
}

/// Unfinished calls and dead letters of one function.
package struct QueueDepth: Hashable, Sendable {
    package var function: FunctionName
    package var queued = 0
    package var running = 0
    package var waiting = 0
    package var failed = 0
}
