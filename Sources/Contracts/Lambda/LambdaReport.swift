// SPDX-License-Identifier: Apache-2.0
// The lines that AWS Lambda writes to a function's log around each invocation. Dispatcher writes them.

package import FunctionModel

/// The log lines of one invocation.
package enum LambdaReport {
    /// Before the function's own lines.
    package static func start(_ id: String) -> String {
        "START RequestId: \(id) Version: \(LambdaEnvironment.version)"
    }

    /// Behind the function's own lines.
    ///
    /// - Parameters:
    ///   - record: of the invocation.
    ///   - milliseconds: from the assignment to the answer, or to the end without one.
    ///   - initMilliseconds: from the start of the program to its first `next`; nil when another invocation reported it.
    ///   - memory: `limits.memory` in bytes.
    ///   - timeout: of the function, in milliseconds.
    /// - Returns: the lines.
    package static func end(
        _ record: Invocation,
        milliseconds: Double,
        initMilliseconds: Double?,
        memory: Int,
        timeout: Double
    ) -> [String] {
        let id = record.id
        var lines = ["END RequestId: \(id)"]
        if record.outcome == .timeout {
            lines.append("RequestId: \(id) Task timed out after \(text(timeout / 1000)) seconds")
        }
        let used = (record.peakMemoryBytes + (1 << 20) - 1) >> 20
        var report = "REPORT RequestId: \(id)\tDuration: \(text(milliseconds)) ms"
        report += "\tBilled Duration: \(Int(milliseconds.rounded(.up))) ms"
        report += "\tMemory Size: \(LambdaEnvironment.mebibytes(memory)) MB\tMax Memory Used: \(used) MB"
        if let initMilliseconds { report += "\tInit Duration: \(text(initMilliseconds)) ms" }
        return lines + [report]
    }

    /// With two digits behind the point.
    private static func text(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
