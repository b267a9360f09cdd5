// SPDX-License-Identifier: Apache-2.0
// Records invocations off the request path: appending costs a lock, writing happens elsewhere in batches.

package import FunctionModel
package import Logging
import Synchronization

/// Collects finished invocations and log lines, and writes them together.
///
/// `run()` writes every 50 ms or 512 records; `flush()` writes now. Memory is bounded: when the disk cannot
/// follow, records are dropped, and the log says how many.
package final class InvocationRecorder: Sendable {
    /// Longest time that a record waits for others before it is written.
    package static let interval = Duration.milliseconds(50)
    /// Pause after a failed write: a full disk is not asked again at once.
    static let retryPause = Duration.seconds(1)
    /// Longest time until a follower asks the store again: other processes record lines, too, without a signal here.
    package static let followPause = Duration.seconds(1)
    /// Followers of logs at once: each costs a query per flush, and one per ``followPause``.
    package static let subscribersMax = 256

    private struct Shared: ~Copyable {
        var state: RecorderState
        /// Callers of `flush()` that wait for another's write to end.
        var waiters: [CheckedContinuation<Void, Never>] = []
        var subscribers: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextSubscriber = 0
        /// The sleep of `run()`, cancelled when a whole batch waits.
        var timer: Task<Void, Never>?
    }

    private let store: any HistoryRepository
    private let history: HistoryLimits
    private let logger: Logger
    private let followPause: Duration
    private let shared: Mutex<Shared>
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation

    /// Makes a recorder; nothing is written before `run()` or `flush()`.
    package convenience init(
        store: any HistoryRepository,
        logger: Logger,
        history: HistoryLimits = HistoryLimits()
    ) {
        self.init(store: store, logger: logger, history: history, limits: RecorderLimits())
    }

    init(
        store: any HistoryRepository,
        logger: Logger,
        history: HistoryLimits,
        limits: RecorderLimits,
        followPause: Duration = InvocationRecorder.followPause
    ) {
        self.store = store
        self.followPause = followPause
        self.history = history
        self.logger = logger
        shared = Mutex(Shared(state: RecorderState(limits: limits)))
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a finished invocation and lines of its log.
    ///
    /// Never waits and never fails: see the type.
    ///
    /// - Parameters:
    ///   - invocation: nil when only lines are at hand, while a function still runs.
    ///   - logs: in the order they were written.
    package func append(_ invocation: Invocation?, logs: [LogLine]) {
        let (result, timer) = shared.withLock { shared in
            (shared.state.append(invocation, logs: logs), shared.timer)
        }
        switch result {
        case .startInterval: wakeUp.yield()
        case .flushNow: timer?.cancel()
        case .wait: break
        }
    }

    /// Writes in intervals until its task is cancelled, then writes what is left.
    ///
    /// Call it once.
    package func run() async {
        for await _ in wakeUps {
            await pause(Self.interval)
            while await flushOnce() == .failed, !Task.isCancelled { await pause(Self.retryPause) }
        }
        await flush()
    }

    /// Writes everything appended so far and waits for it: at shutdown, and before the history is read.
    ///
    /// Gives up at the first failure, which is logged.
    package func flush() async {
        _ = await flushOnce()
    }

    /// An element when a follower should ask the store again: after each write here that held log lines, and after
    /// ``followPause``, for the lines of other processes.
    ///
    /// - Returns: nil when there are too many followers already.
    package func logFlushes() -> AsyncStream<Void>? {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number: Int? = shared.withLock { shared in
            guard shared.subscribers.count < Self.subscribersMax else { return nil }
            shared.nextSubscriber += 1
            shared.subscribers[shared.nextSubscriber] = continuation
            return shared.nextSubscriber
        }
        guard let number else { return nil }
        let ticking = Task { [followPause] in
            while !Task.isCancelled {
                // A cancelled sleep is the end.
                _ = try? await Task.sleep(for: followPause)
                continuation.yield()
            }
        }
        continuation.onTermination = { [weak self] _ in
            ticking.cancel()
            _ = self?.shared.withLock { $0.subscribers.removeValue(forKey: number) }
        }
        return stream
    }

    /// Whether a batch is being written to the database.
    var isWriting: Bool { shared.withLock { $0.state.isWriting } }

    private enum Ending { case written, failed }

    /// Waits for a write under way, then writes batches until none is left or one fails.
    private func flushOnce() async -> Ending {
        while true {
            switch shared.withLock({ $0.state.flushWanted() }) {
            case .nothing(let dropped):
                report(dropped: dropped)
                return .written
            case .wait:
                await otherWrite()
            case .write(let batch, let dropped):
                report(dropped: dropped)
                guard await write(batch) else { return .failed }
            }
        }
    }

    /// Returns when the running write has ended, with success or failure.
    private func otherWrite() async {
        await withCheckedContinuation { continuation in
            let isOver = shared.withLock { shared in
                // It may have ended between the two locks.
                guard shared.state.isWriting else { return true }
                shared.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func write(_ batch: RecordBatch) async -> Bool {
        let failure: StoreError?
        do {
            try await store.record(batch.invocations, logs: batch.logs, limits: history)
            failure = nil
        } catch {
            failure = error
        }
        let (result, waiters, subscribers) = shared.withLock { shared in
            var result: RecorderState.FailureResult?
            if failure == nil { shared.state.writeSucceeded() } else { result = shared.state.writeFailed() }
            let waiters = shared.waiters
            shared.waiters = []
            let subscribers = failure == nil && !batch.logs.isEmpty ? Array(shared.subscribers.values) : []
            return (result, waiters, subscribers)
        }
        for waiter in waiters { waiter.resume() }
        for subscriber in subscribers { subscriber.yield() }
        if let failure, let result { report(failure, result) }
        return failure == nil
    }

    /// Sleeps, until the time is over, a whole batch waits, or the task is cancelled.
    private func pause(_ duration: Duration) async {
        // A cancelled sleep is what a full batch asks for, not an error.
        let timer = Task { _ = try? await Task.sleep(for: duration) }
        shared.withLock { $0.timer = timer }
        await withTaskCancellationHandler {
            await timer.value
        } onCancel: {
            timer.cancel()
        }
        shared.withLock { $0.timer = nil }
    }

    private func report(dropped: Int) {
        guard dropped > 0 else { return }
        logger.warning("history records dropped", metadata: ["records": .stringConvertible(dropped)])
    }

    private func report(_ failure: StoreError, _ result: RecorderState.FailureResult) {
        switch result {
        case .retry(let attempt):
            logger.error(
                "history not written, trying again",
                metadata: ["reason": "\(failure)", "attempt": "\(attempt)"]
            )
        case .givenUp(let records):
            logger.error(
                "history not written, no further attempt",
                metadata: ["reason": "\(failure)", "records": "\(records)"]
            )
        }
    }
}
