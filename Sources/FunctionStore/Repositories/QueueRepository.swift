// SPDX-License-Identifier: Apache-2.0
// The aggregate "asynchronous calls", as its users see it. SQLiteStore implements it.

package import FunctionModel

/// Asynchronous calls from their acceptance to their end, and the delivery of their results.
///
/// Each method is one transaction, durable when it returns. Several processes may use one repository at the same
/// time: a call is claimed by one of them at a time, under a lease, and a claim's end counts only while it is the
/// call's last one (id, owner, attempt). All times are the store's clock's. No method blocks the cooperative thread
/// pool.
package protocol QueueRepository: Sendable {
    /// Begins the content of a body or an output that is too large to be handed over whole.
    ///
    /// - Throws: ``StoreError``.
    func openContent() async throws(StoreError) -> any QueueContentWriter

    /// Removes a complete content that no call refers to.
    func discard(_ content: QueueContent)

    /// Removes contents that no call refers to: what a killed process left.
    ///
    /// Only while no other process uses the repository.
    /// - Throws: ``StoreError``.
    func removeOrphanedContents() async throws(StoreError)

    /// Accepts a call, within the limits.
    ///
    /// Concurrent calls share a transaction. A body's file is the repository's from then on, if it is accepted.
    /// - Throws: ``StoreError``; nothing is accepted then.
    func enqueue(_ call: NewQueuedCall, _ limits: QueueLimits) async throws(StoreError) -> EnqueueResult

    /// Takes calls that are due, oldest first within each function, and those of other owners whose lease has ended.
    ///
    /// - Throws: ``StoreError``; nothing is claimed then.
    func claim(_ request: QueueClaimRequest) async throws(StoreError) -> QueueClaims

    /// Ends a claim.
    ///
    /// A call whose cancellation was asked for becomes `cancelled` instead of waiting for another attempt. With a
    /// final state the delivery of its result becomes due, when it has an address for that.
    /// - Returns: the call's new state; nil when the claim is no longer the call's last one, and nothing has changed.
    /// - Throws: ``StoreError``.
    func settle(_ claim: QueueClaim, _ ending: QueueEnding) async throws(StoreError) -> QueuedCallState?

    /// Lets all claims and deliveries of an owner last for another lease from now.
    ///
    /// - Throws: ``StoreError``.
    func extendLeases(of owner: String, by lease: Duration) async throws(StoreError)

    /// Ends the leases of all other owners at once: at the start of the only gateway of a data folder.
    ///
    /// - Returns: the calls that were under way; they are queued again, or `cancelled` when that was asked for.
    /// - Throws: ``StoreError``.
    func expireLeases(except owner: String) async throws(StoreError) -> [LostQueuedCall]

    /// Calls, newest first.
    ///
    /// - Throws: ``StoreError``.
    func queuedCalls(_ query: QueueQuery) async throws(StoreError) -> [QueuedCall]

    /// One call; nil when it is unknown.
    ///
    /// - Throws: ``StoreError``.
    func queuedCall(_ id: String) async throws(StoreError) -> QueuedCall?

    /// What a call's last attempt answered; nil when nothing is kept.
    ///
    /// - Throws: ``StoreError``.
    func output(of id: String) async throws(StoreError) -> QueueContent?

    /// Queues a failed or cancelled call again, with all its attempts.
    ///
    /// - Throws: ``StoreError``.
    func retry(_ id: String) async throws(StoreError) -> QueueChange

    /// Ends a call: at once when it does not run.
    ///
    /// - Throws: ``StoreError``.
    func cancel(_ id: String) async throws(StoreError) -> QueueChange

    /// Removes all calls of these states, or those of one function or of one namespace's; running ones stay.
    ///
    /// - Returns: how many.
    /// - Throws: ``StoreError``.
    func purge(_ states: Set<QueuedCallState>, of function: FunctionName?, in namespace: String?)
        async throws(StoreError) -> Int

    /// Drops finished calls and outputs that are over the limits, oldest first, some at a time.
    ///
    /// - Returns: whether there may be more.
    /// - Throws: ``StoreError``.
    func prune(_ limits: QueueLimits) async throws(StoreError) -> Bool

    /// Unfinished calls and dead letters of every function that has some, sorted by name.
    ///
    /// - Throws: ``StoreError``.
    func queueDepths() async throws(StoreError) -> [QueueDepth]

    /// Takes results that are due for delivery.
    ///
    /// - Returns: at most `countMax`, and the time until the next one is due.
    /// - Throws: ``StoreError``.
    func claimCallbacks(owner: String, lease: Duration, countMax: Int) async throws(StoreError)
        -> (claims: [CallbackClaim], nextDue: Duration?)

    /// Ends a delivery; fenced as ``settle(_:_:)``.
    ///
    /// - Returns: false when the claim is no longer the last one.
    /// - Throws: ``StoreError``.
    @discardableResult
    func settle(_ claim: CallbackClaim, _ ending: CallbackEnding) async throws(StoreError) -> Bool
}
