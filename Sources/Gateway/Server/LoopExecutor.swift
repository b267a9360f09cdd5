// SPDX-License-Identifier: Apache-2.0
// Runs a connection's task on the event loop that reads and writes the connection. GatewayChannel makes one for each.

import NIOCore

/// An event loop as the executor of tasks.
///
/// A request then goes from the socket to its sandbox without a change of threads, which costs more than all the code
/// between them. What may block must leave it: see ``Edge``'s own paths.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Never lost: a loop that is shut down, where nothing could run, has no connections left.
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
