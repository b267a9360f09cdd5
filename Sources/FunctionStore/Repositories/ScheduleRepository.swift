// SPDX-License-Identifier: Apache-2.0
// The aggregate "schedules and firings", as its users see it. SQLiteStore implements it.

package import FoundationEssentials
package import FunctionModel

/// Schedules, their due times, and the claims of runs that have not ended.
///
/// Each method is one transaction, durable when it returns. Several processes may use one repository at the same time:
/// the pair (schedule, due time) is unique, so that one of them runs it. Times are exact to the microsecond. No method
/// blocks the cooperative thread pool.
package protocol ScheduleRepository: Sendable {
    /// Makes a function's schedules those given: adds new ones, removes missing ones with their claims, atomically.
    ///
    /// A schedule that exists keeps its creation, next due time, last run and claims.
    /// - Returns: the function's schedules as they are now.
    /// - Throws: ``StoreError``.
    @discardableResult
    func upsertSchedules(
        of function: FunctionName,
        _ states: [ScheduleState]
    ) async throws(StoreError) -> [ScheduleState]

    /// Claims one due time and moves the schedule on, atomically: of any number of callers exactly one gets true.
    ///
    /// - Parameters:
    ///   - key: the schedule.
    ///   - due: must be the schedule's next due time.
    ///   - next: the due time after it; nil when there is none.
    /// - Returns: false when the due time was claimed or skipped already, or the schedule is gone.
    /// - Throws: ``StoreError/scheduleDoesNotAdvance(_:)`` when `next` is not after `due`.
    func claim(_ key: ScheduleKey, due: Date, next: Date?) async throws(StoreError) -> Bool

    /// Moves the schedule past one due time without a run (`missed: skip`, `overlap: skip`).
    ///
    /// - Returns: false when the due time was claimed or skipped already, or the schedule is gone.
    /// - Throws: ``StoreError/scheduleDoesNotAdvance(_:)`` when `next` is not after `due`.
    @discardableResult
    func skip(_ key: ScheduleKey, due: Date, next: Date?) async throws(StoreError) -> Bool

    /// Removes the claim of a run that has ended (or, as `lost`, never will) and keeps its outcome, atomically.
    ///
    /// - Returns: false when there is no such claim.
    /// - Throws: ``StoreError``.
    @discardableResult
    func finish(_ key: ScheduleKey, due: Date, outcome: Outcome) async throws(StoreError) -> Bool

    /// Claims without an end, oldest first: after a start, the runs that the last process lost.
    ///
    /// They have no owner: a process that ends them as lost must be the only one that uses the repository.
    /// - Throws: ``StoreError``.
    func unfinishedClaims() async throws(StoreError) -> [ScheduleClaim]

    /// Schedules of one function, or of all for nil: by function, then by next due time.
    ///
    /// - Throws: ``StoreError``.
    func schedules(of function: FunctionName?) async throws(StoreError) -> [ScheduleState]
}
