// SPDX-License-Identifier: Apache-2.0
// The body of a server's answer, counted. Dispatcher reads its beginning, StreamedOutput the rest.

import Contracts
import HTTPTypes
import NIOCore
import Sandbox
import SandboxHTTP
import Synchronization

/// One answer behind its head.
final class ServerAnswer: Sendable {
    enum Part: Sendable {
        case bytes(ByteBuffer)
        case end
        case failure(ResponseFault)
        /// More than limits.output: the server is being killed.
        case overLimit
    }

    /// How long a server that broke its connection may take to exit: its exit code says more than the
    /// connection does.
    static let endMax = Duration.milliseconds(200)

    private let source: any AnswerSource
    let running: RunningInvocation
    let conclude: @Sendable () -> Void
    private let storage = Mutex(HTTPFields())

    /// - Parameters:
    ///   - source: its head was read.
    ///   - running: the call.
    ///   - conclude: called at the end of the answer.
    init(
        _ source: any AnswerSource,
        _ running: RunningInvocation,
        conclude: @escaping @Sendable () -> Void
    ) {
        self.source = source
        self.running = running
        self.conclude = conclude
    }

    /// The fields behind its body, at its end.
    var trailers: HTTPFields { storage.withLock { $0 } }

    /// The next part; the server's answer is read only during a call.
    func next() async -> Part { part(await source.next()) }

    /// The next part that is here already.
    func nextIfPresent() -> Part? { source.nextIfPresent().map(part) }

    /// The next piece of a body that is sent to the client; nil at its end, which concludes the exchange.
    func nextStreamed() async -> ByteBuffer? {
        switch await next() {
        case .bytes(let bytes): return bytes
        case .end:
            running.answered()
            conclude()
        case .failure(let fault):
            running.faultFound(fault)
            running.session.stop(.outputMalformed, after: Self.endMax)
        case .overLimit: break
        }
        return nil
    }

    private func ended(_ trailers: HTTPFields?) -> Part {
        if let trailers { storage.withLock { $0 = HTTPForwarding.trailers(trailers) } }
        return .end
    }

    private func part(_ part: AnswerPart) -> Part {
        switch part {
        case .body(let bytes): running.pass(bytes) ? .bytes(bytes) : .overLimit
        case .end(let trailers): ended(trailers)
        case .failure(let failure): .failure(Dispatcher.fault(failure))
        case .head: .failure(.notHTTP)
        }
    }
}
