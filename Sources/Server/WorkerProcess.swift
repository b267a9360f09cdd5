// SPDX-License-Identifier: Apache-2.0
// This program as a worker: the warden starts it, confined, for one operation on image files.

import ImageStore

/// A worker process; the entry of the program asks before anything else.
package enum WorkerProcess {
    /// Whether the warden started this process as a worker.
    package static var isThisProcess: Bool { TreeWorker.isThisProcess }

    /// Does the worker's one operation; blocks.
    ///
    /// - Returns: the exit code.
    package static func run() -> Int32 { TreeWorker.run() }
}
