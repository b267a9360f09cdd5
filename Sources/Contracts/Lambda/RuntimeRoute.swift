// SPDX-License-Identifier: Apache-2.0
// The paths of AWS Lambda's Runtime API, version 2018-06-01, and its refusals. RuntimeState answers with them.

package import HTTPTypes

/// What one request of a runtime asks for.
package enum RuntimeRoute: Hashable, Sendable {
    /// `GET …/invocation/next`
    case next
    /// `POST …/invocation/ID/response`
    case response(id: String)
    /// `POST …/invocation/ID/error`
    case failure(id: String)
    /// `POST …/init/error`
    case initFailure

    private static let prefix = "/2018-06-01/runtime/"

    /// Reads a request line.
    ///
    /// - Throws: ``RuntimeRefusal/unknownPath`` or ``RuntimeRefusal/methodNotAllowed``.
    package init(_ method: HTTPRequest.Method, path: String) throws(RuntimeRefusal) {
        let path = path.prefix { $0 != "?" }
        guard path.hasPrefix(Self.prefix) else { throw .unknownPath }
        let parts = path.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("invocation", 2) where parts[1] == "next":
            self = .next
            guard method == .get else { throw .methodNotAllowed }
            return
        case ("invocation", 3) where parts[2] == "response": self = .response(id: String(parts[1]))
        case ("invocation", 3) where parts[2] == "error": self = .failure(id: String(parts[1]))
        case ("init", 2) where parts[1] == "error": self = .initFailure
        default: throw .unknownPath
        }
        guard method == .post else { throw .methodNotAllowed }
    }
}

/// Why the Runtime API refuses a request.
package enum RuntimeRefusal: Error, Hashable, Sendable, CaseIterable {
    case unknownPath, methodNotAllowed
    /// The id is not that of the invocation under way.
    case unknownInvocation
    /// The request is out of order: it was answered already, or the function is not initialised.
    case outOfOrder
    case tooLarge
    /// Its body ended early, or is not HTTP.
    case malformed

    package var status: Int {
        switch self {
        case .unknownPath: 404
        case .methodNotAllowed: 405
        case .unknownInvocation, .malformed: 400
        case .outOfOrder: 403
        case .tooLarge: 413
        }
    }

    /// The answer's body, in the form of the API.
    package var body: String {
        let (type, message) =
            switch self {
            case .unknownPath: ("NotFound", "No such path")
            case .methodNotAllowed: ("MethodNotAllowed", "This path takes another method")
            case .unknownInvocation: ("InvalidRequestID", "Invalid request ID")
            case .outOfOrder: ("InvalidStateTransition", "State transition is not allowed")
            case .tooLarge:
                (
                    "RequestEntityTooLarge",
                    "Exceeded maximum allowed payload size (\(RuntimeState.payloadBytesMax) bytes)."
                )
            case .malformed: ("InvalidRequest", "The request is malformed")
            }
        return #"{"errorMessage":"\#(message)","errorType":"\#(type)"}"#
    }
}
