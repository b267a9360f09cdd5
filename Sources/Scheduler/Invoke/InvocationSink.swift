// SPDX-License-Identifier: Apache-2.0
// Where records and log lines go; the store's recorder in the product, an array in tests.

import FunctionModel
import FunctionStore

/// Takes records and log lines.
///
/// Never waits and never fails.
protocol InvocationSink: Sendable {
    /// A finished invocation, or nil with lines of one that still runs.
    func append(_ invocation: Invocation?, logs: [LogLine])
}

extension InvocationRecorder: InvocationSink {}

/// Sets the HTTP status of each record before it is stored: the edge decides it, and the rooms below do not know any.
struct StatusSettingSink: InvocationSink {
    let sink: any InvocationSink
    /// The edge's status table.
    let statusOf: @Sendable (Invocation) -> Int
    let totals: InvocationTotals

    func append(_ invocation: Invocation?, logs: [LogLine]) {
        var record = invocation
        if let invocation {
            record?.status = statusOf(invocation)
            totals.count(invocation)
        }
        sink.append(record, logs: logs)
    }
}
