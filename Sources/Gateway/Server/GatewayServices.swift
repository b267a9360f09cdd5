// SPDX-License-Identifier: Apache-2.0
// The interfaces of the rooms below for the edge, in one value. GatewayServer fills it from Engine; tests from fakes.

import FunctionModel
import FunctionStore
import Logging
import Scheduler

/// The rooms below, as the edge sees them.
struct GatewayServices: Sendable {
    let invoker: any FunctionInvoker
    /// Accepts asynchronous calls.
    let queue: any AsynchronousCalls
    /// Asynchronous calls as they are stored.
    let queuedCalls: any QueueRepository
    let catalog: any FunctionCatalog
    let functions: any FunctionRepository
    let namespaces: any NamespaceRepository
    let history: any HistoryRepository
    let recorder: InvocationRecorder
    /// Counts of all invocations since the start.
    var totals = InvocationTotals()
    let secrets: any SecretRepository
    /// Bearer tokens.
    let tokens: TokenBook
    /// Secrets for signatures with them.
    let accessKeys: AccessKeys
    /// Administrative actions.
    let audit: AuditLog
    /// Images, and the long work on them.
    let images: ImageServices
    /// Nil where nothing may be pulled or pushed.
    var registries: RegistryAccess?
    /// Nil where no containers run besides those of functions.
    var containers: Containers?
    /// Nil where nothing enters containers.
    var entered: EnteredProcesses?
    /// Nil where nothing runs without a deploy.
    var runs: (any RunService)?
    /// Of requests and outputs of runs.
    var runMemory = ByteBudget()
    /// Nil where what runs is not shown.
    var running: (any RunningWork)?
    let uploads: Uploads
    var limits = GatewayLimits()
    /// Images of AWS Lambda's runtimes.
    var lambdaRuntimes = LambdaRuntimes()
    var version = ""
    var metricsNeedCredentials = false
    /// Takes a span of each call; nil when calls are not traced.
    var spans: (any SpanSink)?
    /// Whether calls are taken: not while draining, nor without a spawner.
    var isReady: @Sendable () -> Bool = { true }
    let logger: Logger

    /// The last lines that an invocation wrote to stderr, for functions with `expose_errors`.
    ///
    /// - Parameter callID: the invocation.
    /// - Returns: nil when there are none or the store does not answer; the answer then goes without.
    func errorOutput(_ callID: String) async -> String? {
        await recorder.flush()
        var query = LogQuery()
        query.invocation = callID
        query.tail = Self.errorLinesShown
        do throws(StoreError) {
            let page = try await history.logs(query)
            return page.lines.map(\.text).joined(separator: "\n")
        } catch {
            logger.warning("no error output for a problem body", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// The end of what an invocation wrote to stderr, and of Mayfly's lines about it.
    ///
    /// - Parameters:
    ///   - callID: the invocation.
    ///   - bytesMax: of the text.
    /// - Returns: whole lines where they fit; empty when there are none or the store does not answer.
    func logTail(_ callID: String, _ bytesMax: Int) async -> String {
        await recorder.flush()
        var query = LogQuery()
        query.invocation = callID
        query.tail = Self.tailLinesMax
        do throws(StoreError) {
            let text = try await history.logs(query).lines.map { $0.text + "\n" }.joined()
            return String(decoding: text.utf8.suffix(bytesMax), as: UTF8.self)
        } catch {
            logger.warning("no log for a caller", metadata: ["error": "\(error)"])
            return ""
        }
    }

    /// Lines that a tail is looked for in; most lines are longer than a few bytes.
    private static let tailLinesMax = 1000
    /// Lines of stderr in a problem body: enough for a stack trace's end.
    private static let errorLinesShown = 20
}
