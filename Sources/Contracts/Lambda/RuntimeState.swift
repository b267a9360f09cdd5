// SPDX-License-Identifier: Apache-2.0
// What one runtime may ask of the Runtime API, and what it means, as a pure value. LambdaRuntime in Scheduler drives it.

/// The order of a runtime's requests.
package struct RuntimeState: Sendable {
    /// Longest event and longest answer that is not streamed: AWS Lambda's own bound.
    package static let payloadBytesMax = 6_291_556
    /// Longest report of an error; more than any stack trace that is read.
    package static let reportBytesMax = 256 << 10

    /// A request of the runtime, by a number of its own.
    package typealias Exchange = Int

    private enum Phase: Hashable, Sendable {
        case initializing
        /// `next` waits for an invocation.
        case waiting(Exchange)
        /// The connection on which `next` waited is gone; the runtime may ask again.
        case interrupted
        /// An invocation waits for `next`.
        case assigned(id: String)
        case running(id: String)
        /// The body of the answer comes in, or of the report of an error.
        case answering(id: String, Exchange, isReport: Bool)
        case answered(id: String)
        /// Its initialisation failed, a rule was broken, or the program has ended.
        case over
    }

    private var phase = Phase.initializing
    /// The request whose body reports a failed initialisation.
    private var initReport: Exchange?

    package init() {}

    /// What happens to a request when its head is here.
    package enum HeadStep: Hashable, Sendable {
        /// `next` waits; the first one shows that the function is initialised.
        case hold(isReady: Bool)
        /// The invocation that waited is its answer.
        case deliver
        /// Its body is read, up to so many bytes; then ``RuntimeState/ended(_:)``.
        case collect(bytesMax: Int)
        /// Its body is passed on as it comes.
        case pass
        /// With a fault, the invocation has failed too.
        case refuse(RuntimeRefusal, ResponseFault?)
    }

    /// A request's head came.
    ///
    /// - Parameters:
    ///   - route: what it asks for.
    ///   - exchange: its number.
    ///   - isStreaming: whether it names the response mode `streaming`.
    ///   - length: its Content-Length; nil when it has none.
    /// - Returns: what happens to it.
    package mutating func requested(
        _ route: RuntimeRoute,
        _ exchange: Exchange,
        isStreaming: Bool = false,
        length: Int? = nil
    ) -> HeadStep {
        switch route {
        case .next: return next(exchange)
        case .response(let id): return response(id, exchange, isStreaming: isStreaming, length: length)
        case .failure(let id):
            if let refusal = mismatch(id) { return .refuse(refusal, nil) }
            phase = .answering(id: id, exchange, isReport: true)
            return .collect(bytesMax: Self.reportBytesMax)
        case .initFailure:
            guard phase == .initializing else { return .refuse(.outOfOrder, nil) }
            initReport = exchange
            return .collect(bytesMax: Self.reportBytesMax)
        }
    }

    private mutating func next(_ exchange: Exchange) -> HeadStep {
        switch phase {
        case .initializing:
            // It goes on after all: the rest of a report does not count.
            initReport = nil
            phase = .waiting(exchange)
            return .hold(isReady: true)
        case .interrupted, .answered:
            phase = .waiting(exchange)
            return .hold(isReady: false)
        case .assigned(let id):
            phase = .running(id: id)
            return .deliver
        case .waiting, .over: return .refuse(.outOfOrder, nil)
        case .running, .answering:
            phase = .over
            return .refuse(.outOfOrder, .unanswered)
        }
    }

    private mutating func response(
        _ id: String,
        _ exchange: Exchange,
        isStreaming: Bool,
        length: Int?
    ) -> HeadStep {
        if let refusal = mismatch(id) { return .refuse(refusal, nil) }
        if !isStreaming, let length, length > Self.payloadBytesMax {
            phase = .over
            return .refuse(.tooLarge, .payloadTooLarge)
        }
        phase = .answering(id: id, exchange, isReport: false)
        return isStreaming ? .pass : .collect(bytesMax: Self.payloadBytesMax)
    }

    /// Why an answer with this id is refused; nil when it is the invocation's.
    private func mismatch(_ id: String) -> RuntimeRefusal? {
        switch phase {
        case .running(id): nil
        case .answering(id, _, _), .answered(id), .over: .outOfOrder
        default: .unknownInvocation
        }
    }

    /// The body that is collected is longer than allowed.
    ///
    /// - Returns: the rule that the invocation's answer breaks; nil when it is none's.
    package mutating func exceeded(_ exchange: Exchange) -> ResponseFault? {
        if initReport == exchange { initReport = nil }
        guard case .answering(_, exchange, _) = phase else { return nil }
        phase = .over
        return .payloadTooLarge
    }

    /// Where a whole body belongs.
    package enum EndStep: Hashable, Sendable {
        /// It is the invocation's answer.
        case answer
        /// It is why the function has no answer.
        case report
        /// Why the function cannot be initialised.
        case initFailure
        /// Nothing waits for it any more.
        case none
    }

    /// A body is whole.
    package mutating func ended(_ exchange: Exchange) -> EndStep {
        if initReport == exchange {
            initReport = nil
            phase = .over
            return .initFailure
        }
        guard case .answering(let id, exchange, let isReport) = phase else { return .none }
        phase = .answered(id: id)
        return isReport ? .report : .answer
    }

    /// The connection of a request is gone before its answer.
    ///
    /// - Returns: the rule that this breaks; nil when the runtime may go on.
    package mutating func closed(_ exchange: Exchange) -> ResponseFault? {
        if initReport == exchange { initReport = nil }
        switch phase {
        case .waiting(exchange): phase = .interrupted
        case .answering(_, exchange, _):
            phase = .over
            return .cutAnswer
        default: break
        }
        return nil
    }

    /// What an invocation does.
    package enum AssignStep: Hashable, Sendable {
        /// It is the answer to the request that waits.
        case deliver
        /// The runtime gets it when it asks again.
        case keep
        /// The runtime takes none.
        case refused
    }

    /// An invocation is the runtime's.
    package mutating func assign(id: String) -> AssignStep {
        switch phase {
        case .waiting:
            phase = .running(id: id)
            return .deliver
        case .interrupted, .answered:
            phase = .assigned(id: id)
            return .keep
        case .initializing, .assigned, .running, .answering, .over: return .refused
        }
    }

    /// The program has ended, or makes only wrong requests: nothing it sends counts.
    package mutating func over() { phase = .over }
}
