// SPDX-License-Identifier: Apache-2.0
// The requests of triggers to Scheduler, and the answers. Independent of HTTP's wire format.

package import Contracts
package import FoundationEssentials
package import FunctionModel
package import HTTPTypes
package import NIOCore

/// A request body, in the cheapest form the caller has.
package enum RequestBody: Sendable {
    case none
    case whole(ByteBuffer)
    /// Arrives while the function runs.
    ///
    /// Throws ``RequestBodyTooLarge`` when the limit is exceeded, another error when the client disconnects. The task
    /// that runs it is cancelled when the function ends first, and awaited before the answer is returned.
    case stream(@Sendable (_ write: (ByteBuffer) async -> Bool) async throws -> Void)
}

/// The request's body is larger than `limits.body`; the function is stopped and the answer's outcome `platform`.
package struct RequestBodyTooLarge: Error, Hashable, Sendable {
    package init() {}
}

/// The request's body cannot be read to its end; the function is killed at once, and the caller gets an error.
package enum RequestBodyFailure: Error, Hashable, Sendable {
    /// It violates the protocol.
    case malformed
    /// It was not complete in time.
    case stalled

    /// The cause in the record.
    package var cause: InvocationCause { self == .stalled ? .bodyStalled : .bodyMalformed }
}

/// One call of a function.
package struct InvocationRequest: Sendable {
    package var trigger: Trigger
    /// The function's contract makes the process's environment of it.
    package var head: RequestHead
    package var body: RequestBody
    /// Of a body that arrives while the function runs.
    package var bodyMonitor: RequestBodyMonitor?
    /// The caller wants the first byte at once (text/event-stream); else output is held up to 64 KiB.
    package var wantsStream: Bool
    /// Nil: the current revision.
    package var version: FunctionVersion?
    package var arrivedAt: Date
    /// Whether the answer waits for the end of its program, so that the record has all figures and the log all lines.
    package var awaitsEnd = false

    package init(trigger: Trigger, head: RequestHead, body: RequestBody, arrivedAt: Date) {
        self.trigger = trigger
        self.head = head
        self.body = body
        self.wantsStream = false
        self.arrivedAt = arrivedAt
    }

    /// X-Call-Id: the invocation's id.
    package var id: String { head.callID }
}

/// The answer of one call.
package enum InvocationAnswer: Sendable {
    /// The invocation ended before its response was sent: everything is known.
    ///
    /// The head and the output count when the record's outcome is `ok`; the output of a failed event is the report of
    /// its runtime.
    case complete(ResponseHead, output: ByteBuffer, Invocation)
    /// Output continues; the record follows its end.
    case streaming(ResponseHead, any OutputStream)
    /// The function asks the gateway to serve this path instead (RFC 3875, section 6.2.2).
    case redirected(to: String, Invocation)
}

/// Output that is longer than the response buffer.
package protocol OutputStream: Sendable {
    /// The next piece; nil at the end. The first call gives what was buffered.
    func next() async -> ByteBuffer?
    /// The record, after `next()` gave nil. Its outcome says whether the body is complete.
    func ending() async -> Invocation
    /// The function's own fields behind the body, after `next()` gave nil.
    var trailers: HTTPFields { get }
    /// The reader disconnected: stops the function.
    func cancel()
}

/// Why a call did not start.
package enum InvocationRefusal: Error, Hashable, Sendable {
    case unknownFunction(String)
    /// The function has no such alias, or keeps no such revision.
    case unknownVersion(FunctionName, FunctionVersion)
    /// The queue is full, or the wait in it was too long.
    case busy(retryAfterSeconds: Int)
    /// The host has no room, or the gateway drains.
    case unavailable(reason: String, retryAfterSeconds: Int)
    /// A container that the function uses does not run; by its name.
    case serviceDown(String, retryAfterSeconds: Int)
    /// No sandbox could be made: step and errno, or what is wrong with the image.
    case cannotStart(reason: String)
    /// Its variables exceed the size with which a process can be started; in bytes.
    case requestTooLarge(bytes: Int, max: Int)
    /// The function's contract cannot pass the request on.
    case requestInvalid(RequestFault)
    /// Its body, which has to be whole before it starts, is not.
    case bodyFailed(InvocationCause)
    case cancelled
}

/// The interface that every trigger uses.
package protocol FunctionInvoker: Sendable {
    /// Runs one invocation from admission to its answer.
    ///
    /// - Throws: ``InvocationRefusal`` when it did not start; such calls are recorded with outcome `platform`
    ///   only when a function of that name exists.
    func invoke(_ function: FunctionName, _ request: InvocationRequest) async throws(InvocationRefusal)
        -> InvocationAnswer

    /// Records a call that ended before admission, because its body cannot be read.
    func recordUnadmitted(
        _ function: FunctionName,
        id: String,
        arrivedAt: Date,
        _ failure: RequestBodyFailure
    )
}
