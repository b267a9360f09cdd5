// SPDX-License-Identifier: Apache-2.0
// The request of a scheduled run: what an HTTP call would look like to the function. CronService makes them.

import FoundationEssentials
import FunctionModel
import NIOCore

/// Builds requests for due times.
enum ScheduledRequest {
    /// POST with the schedule's input as body, X-Trigger and X-Schedule-Time as CGI and classic variables.
    ///
    /// - Parameters:
    ///   - function: the function that runs.
    ///   - input: the body.
    ///   - due: the due time that the run is for.
    ///   - now: when it starts.
    /// - Returns: a request with an id of its own.
    static func make(_ function: FunctionName, input: String, due: Date, now: Date) -> InvocationRequest {
        let id = UUID().uuidString.lowercased()
        let time = InternetTime.text(due)
        let length = input.utf8.count
        // Source: RFC 3875 section 4.1, and OpenFaaS's classic watchdog for Http_*.
        let variables = [
            "GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=POST", "QUERY_STRING=", "PATH_INFO=",
            "SCRIPT_NAME=/function/\(function)", "SERVER_NAME=localhost", "SERVER_PORT=80",
            "SERVER_PROTOCOL=HTTP/1.1", "SERVER_SOFTWARE=mayfly", "REMOTE_ADDR=127.0.0.1",
            "CONTENT_LENGTH=\(length)", "HTTP_X_TRIGGER=schedule", "HTTP_X_SCHEDULE_TIME=\(time)",
            "HTTP_X_CALL_ID=\(id)", "Http_Method=POST", "Http_Path=/", "Http_Query=",
            "Http_ContentLength=\(length)",
            "Http_Content_Length=\(length)", "Http_X_Trigger=schedule", "Http_X_Schedule_Time=\(time)",
            "Http_X_Call_Id=\(id)",
        ]
        return InvocationRequest(
            id: id,
            trigger: .schedule,
            variables: variables,
            body: input.isEmpty ? .none : .whole(ByteBuffer(string: input)),
            arrivedAt: now
        )
    }
}
