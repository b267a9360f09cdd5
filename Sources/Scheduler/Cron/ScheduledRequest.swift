// SPDX-License-Identifier: Apache-2.0
// The request of a scheduled run: what an HTTP call would look like to the function. CronService makes them.

import Contracts
import FoundationEssentials
import FunctionModel
import HTTPTypes
import NIOCore

/// Builds requests for due times.
enum ScheduledRequest {
    /// POST with the schedule's input as body, and the fields X-Trigger and X-Schedule-Time.
    ///
    /// - Parameters:
    ///   - function: the function that runs.
    ///   - input: the body.
    ///   - due: the due time that the run is for.
    ///   - now: when it starts.
    /// - Returns: a request with an id of its own.
    static func make(_ function: FunctionName, input: String, due: Date, now: Date) -> InvocationRequest {
        let path = "/function/\(function)"
        var head = RequestHead(
            method: .post,
            target: path,
            scriptName: path,
            callID: UUID().uuidString.lowercased()
        )
        head.authority = "localhost:80"
        head.peer.remoteAddress = "127.0.0.1"
        head.receivedNanoseconds = Int64(now.timeIntervalSince1970 * 1e9)
        head.bodyLength = .bytes(input.utf8.count)
        let fields = [
            ("X-Call-Id", head.callID), ("X-Schedule-Time", InternetTime.text(due)),
            ("X-Trigger", Trigger.schedule.rawValue),
        ]
        for (name, value) in fields {
            guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is a token") }
            head.fields.append(HTTPField(name: name, value: value))
        }
        return InvocationRequest(
            trigger: .schedule,
            head: head,
            body: input.isEmpty ? .none : .whole(ByteBuffer(string: input)),
            arrivedAt: now
        )
    }
}
