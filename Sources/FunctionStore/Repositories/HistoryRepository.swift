// SPDX-License-Identifier: Apache-2.0
// The aggregate "invocations and log lines", as its users see it. SQLiteStore implements it.

package import FunctionModel

/// Finished invocations and their log lines, within limits.
///
/// A write survives the death of the process, not necessarily a power cut. Several processes may use one repository at
/// the same time. No method blocks the cooperative thread pool.
package protocol HistoryRepository: Sendable {
    /// Writes finished invocations and log lines, and drops what is over the limits, oldest first, atomically.
    ///
    /// The request path goes through ``InvocationRecorder`` instead, which makes batches.
    /// - Throws: ``StoreError``; none of them is written then.
    func record(
        _ invocations: [Invocation],
        logs: [LogLine],
        limits: HistoryLimits
    ) async throws(StoreError)

    /// Invocations, newest first.
    ///
    /// - Throws: ``StoreError``.
    func invocations(_ query: InvocationQuery) async throws(StoreError) -> [Invocation]

    /// How often each deployed function has run since it was first deployed; pruning does not lower it.
    ///
    /// - Throws: ``StoreError``.
    func invocationCounts() async throws(StoreError) -> [FunctionName: Int]

    /// The same of one function; 0 for one that is not deployed.
    ///
    /// - Throws: ``StoreError``.
    func invocationCount(of function: FunctionName) async throws(StoreError) -> Int

    /// Whether the history holds an invocation or a line of a function, deployed or not.
    ///
    /// - Throws: ``StoreError``.
    func hasHistory(of function: FunctionName) async throws(StoreError) -> Bool

    /// The ids of a function's invocations that begin with a text: the one that equals it, else two at most.
    ///
    /// - Throws: ``StoreError``.
    func invocationIDs(of function: FunctionName, beginning text: String) async throws(StoreError) -> [String]

    /// Log lines by time, and a cursor, both of one snapshot.
    ///
    /// A follower that hands each page's cursor to its next query gets each line once, whichever process recorded it
    /// and whatever its time.
    /// - Throws: ``StoreError``.
    func logs(_ query: LogQuery) async throws(StoreError) -> LogPage
}
