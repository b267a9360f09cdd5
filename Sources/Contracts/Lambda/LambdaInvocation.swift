// SPDX-License-Identifier: Apache-2.0
// One invocation as a Lambda runtime gets it: the answer to `next`. Dispatcher makes it before it leases a sandbox.

import FoundationEssentials
package import FunctionModel
package import HTTPTypes
package import NIOCore

/// An event and what comes with it.
package struct LambdaInvocation: Sendable {
    /// The account number in names: there are no accounts.
    package static let account = "000000000000"

    package let id: String
    /// JSON.
    package let event: ByteBuffer
    /// Whether the answer becomes an HTTP response; else it is the answer as it is.
    package let isHTTP: Bool
    private let function: String
    private let traceID: String
    /// JSON; nil without one.
    private let clientContext: String?
    /// Of the caller; nil without one.
    private let tenant: String?

    /// Makes the event of a request.
    ///
    /// - Parameters:
    ///   - function: the name.
    ///   - head: of the request.
    ///   - body: all of it.
    ///   - trigger: a call over HTTP becomes the payload of a function URL, version 2.0, unless its body is the event
    ///     already; the body of any other is the event.
    ///   - random: for the trace id, when the request has none.
    /// - Throws: ``RequestFault``.
    package init(
        _ function: FunctionName,
        _ head: RequestHead,
        body: ByteBuffer,
        trigger: Trigger,
        random: (UInt64, UInt32)
    ) throws(RequestFault) {
        // Before an event is made of it, which is no shorter.
        guard body.readableBytes <= RuntimeState.payloadBytesMax else { throw .eventTooLarge }
        id = head.callID
        self.function = function.text
        isHTTP = trigger == .http && !head.isEvent
        tenant = isHTTP ? nil : head.fields[.tenant]
        clientContext = isHTTP ? nil : head.fields[.clientContext].flatMap(Self.clientContext)
        traceID = head.fields[.traceID] ?? Self.traceID(head.receivedNanoseconds, random)
        if isHTTP {
            event = HTTPEvent.payload(function.text, head, body: body, traceID: traceID)
        } else if body.readableBytes == 0 {
            event = ByteBuffer(string: "{}")
        } else {
            guard JSONDocument.isWellFormed(body) else { throw .eventNotJSON }
            event = body
        }
        guard event.readableBytes <= RuntimeState.payloadBytesMax else { throw .eventTooLarge }
    }

    /// The header fields of the answer to `next`.
    ///
    /// - Parameter deadlineMilliseconds: when the invocation is stopped, in Unix time.
    /// - Returns: the fields, without the length.
    package func fields(deadlineMilliseconds: Int64) -> HTTPFields {
        var fields: HTTPFields = [
            .contentType: "application/json",
            .requestID: id,
            .deadline: String(deadlineMilliseconds),
            .functionARN: LambdaEnvironment.arn(function),
            .runtimeTraceID: traceID,
        ]
        if let tenant { fields[.runtimeTenant] = tenant }
        if let clientContext { fields[.runtimeClientContext] = clientContext }
        return fields
    }

    /// The context that a client sends in Base64, as runtimes read it; nil when it is none.
    private static func clientContext(_ text: String) -> String? {
        guard let data = Data(base64Encoded: text), JSONDocument.isWellFormed(ByteBuffer(bytes: data)) else {
            return nil
        }
        let json = String(decoding: data, as: UTF8.self)
        return HTTPField.isValidValue(json) ? json : nil
    }

    /// A trace id of AWS X-Ray: version, time in seconds, 96 random bits; not sampled.
    private static func traceID(_ nanoseconds: Int64, _ random: (UInt64, UInt32)) -> String {
        func hex(_ number: some FixedWidthInteger, _ digits: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let seconds = UInt32(truncatingIfNeeded: nanoseconds / 1_000_000_000)
        return "Root=1-\(hex(seconds, 8))-\(hex(random.0, 16))\(hex(random.1, 8));Sampled=0"
    }
}

extension HTTPField.Name {
    private static func known(_ name: String) -> HTTPField.Name {
        guard let made = HTTPField.Name(name) else { preconditionFailure("\(name) is a field name") }
        return made
    }

    static let traceID = known("X-Amzn-Trace-Id")
    static let requestID = known("Lambda-Runtime-Aws-Request-Id")
    static let deadline = known("Lambda-Runtime-Deadline-Ms")
    static let functionARN = known("Lambda-Runtime-Invoked-Function-Arn")
    static let runtimeTraceID = known("Lambda-Runtime-Trace-Id")
    /// Of a client of AWS Lambda's API.
    package static let clientContext = known("X-Amz-Client-Context")
    package static let tenant = known("X-Amz-Tenant-Id")
    static let runtimeTenant = known("Lambda-Runtime-Aws-Tenant-Id")
    static let runtimeClientContext = known("Lambda-Runtime-Client-Context")
    package static let responseMode = known("Lambda-Runtime-Function-Response-Mode")
    package static let errorType = known("Lambda-Runtime-Function-Error-Type")
    package static let errorBody = known("Lambda-Runtime-Function-Error-Body")
}
