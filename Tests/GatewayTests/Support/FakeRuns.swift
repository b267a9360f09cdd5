// SPDX-License-Identifier: Apache-2.0
// Runs without containers.

import Foundation
import FunctionModel
import NIOCore
import Scheduler
import Synchronization

/// Answers each run as it was told, and remembers what was asked.
final class FakeRuns: RunService {
    private let answer: @Sendable (RunRequest, Invocation) throws(RunRefusal) -> RunAnswer
    let requests = Mutex<[RunRequest]>([])

    init(_ answer: @escaping @Sendable (RunRequest, Invocation) throws(RunRefusal) -> RunAnswer) {
        self.answer = answer
    }

    /// Ends with an outcome after it wrote bytes.
    static func ending(_ outcome: Outcome, output: [UInt8] = [], errors: [UInt8] = []) -> FakeRuns {
        FakeRuns { _, record in
            var record = record
            record.outcome = outcome
            record.exitCode = outcome == .ok ? 0 : outcome == .exit ? 3 : nil
            record.signal = outcome == .signal ? 9 : nil
            return RunAnswer(
                record: record,
                output: ByteBuffer(bytes: output),
                errors: ByteBuffer(bytes: errors),
                isTruncated: false,
                files: []
            )
        }
    }

    func run(_ planning: RunPlanning, id: String, arrivedAt: Date, _ capture: RunCapture)
        async throws(RunRefusal) -> RunAnswer
    {
        let request = planning.request
        requests.withLock { $0.append(request) }
        let record = Invocation(
            id: id,
            function: .runs,
            revision: 0,
            trigger: .run,
            startedAt: arrivedAt,
            outcome: .ok
        )
        return try answer(request, record)
    }
}
