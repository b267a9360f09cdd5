// SPDX-License-Identifier: Apache-2.0
// Queries and texts of the commands of `faasctl queue`.

import FunctionModel
import GatewayAPI

/// The calls that a command selects.
enum QueueSelection {
    /// The query of /v1/queue.
    ///
    /// - Parameters:
    ///   - calls: of which functions, as a query.
    ///   - states: empty for any.
    /// - Returns: both as one query.
    static func query(_ calls: [(name: String, value: String)], _ states: [QueueStateArgument])
        -> [(name: String, value: String)]
    {
        var query = calls
        if !states.isEmpty {
            query.append(("state", states.map(\.rawValue).joined(separator: ",")))
        }
        return query
    }
}

/// The text of one call.
enum QueueText {
    /// The last attempt's outcome with its exit code or signal; empty before the first.
    static func ending(_ call: QueuedCallBody) -> String {
        guard let outcome = call.outcome else { return "" }
        return switch outcome {
        case .exit: call.exitCode.map { "exit \($0)" } ?? "exit"
        case .signal: call.signal.map { "signal \($0)" } ?? "signal"
        default: outcome.rawValue
        }
    }

    /// One line for each known field.
    static func lines(_ call: QueuedCallBody) -> String {
        let values: [(String, String?)] = [
            ("Id", call.id), ("Function", call.qualifiedFunction), ("Trigger", call.trigger.rawValue),
            ("State", call.state), ("Attempts", "\(call.attempts)"),
            ("Lost", call.losses.flatMap { $0 > 0 ? "\($0)" : nil }),
            ("Accepted", call.acceptedAt.map { Moment.marked($0) }),
            ("Started", call.startedAt.map { Moment.marked($0) }),
            ("Finished", call.finishedAt.map { Moment.marked($0) }),
            ("Next attempt", call.nextAttemptAt.map { Moment.marked($0) }),
            ("Status", call.status.map(String.init)), ("End", call.outcome == nil ? nil : ending(call)),
            ("Reason", call.reason), ("Body", call.bodyBytes.map { Moment.text(bytes: $0) }),
            ("Output", call.outputBytes.map { Moment.text(bytes: $0) }), ("Callback", call.callbackURL),
            ("Delivery", call.callbackState), ("Last failure", call.callbackReason),
        ]
        return values.map { name, value in value.map { "\(name): \(Table.printable($0))\n" } ?? "" }.joined()
    }
}
