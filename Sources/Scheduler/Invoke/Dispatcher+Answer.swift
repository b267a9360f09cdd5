// SPDX-License-Identifier: Apache-2.0
// From a function's output to the answer of its call. Part of Dispatcher.

import Contracts
import FunctionModel
import NIOCore
import Sandbox

extension Dispatcher {
    /// Collects the answer; nil when another sandbox has to take the call.
    func answer(_ started: StartedRun) async -> Result<InvocationAnswer?, InvocationRefusal> {
        let running = started.running
        let run = started.run
        let pump = await RequestPump(run.call.request, into: running)
        let isStreamed = run.call.request.wantsStream || run.function.revision.configuration.stream
        let response = run.function.contract.response(to: run.call.request.head)
        switch await running.session.collect(upTo: isStreamed ? 0 : Self.responseBufferBytes) {
        case .complete(let output, let report):
            if case .notStarted(let reason) = report.ending, running.session.isUndisturbed {
                return await notStarted(started, pump, report, reason)
            }
            let isWhole = running.pass(output)
            return .success(await whole(started, pump, response, isWhole ? output : nil, report))
        case .open(let output):
            return .success(await open(started, pump, response, output))
        }
    }

    /// PID 1 has ended, and all of its output was read.
    ///
    /// - Parameters:
    ///   - started: the call.
    ///   - pump: of its body.
    ///   - response: what was read of the response's head so far.
    ///   - output: what followed; nil when the call was stopped for its output.
    ///   - report: how PID 1 ended.
    /// - Returns: the answer.
    private func whole(
        _ started: StartedRun,
        _ pump: RequestPump,
        _ response: ResponseState,
        _ output: ByteBuffer?,
        _ report: ExitReport
    ) async -> InvocationAnswer {
        var response = response
        var body = output ?? ByteBuffer()
        let event = output == nil ? .incomplete : response.received(&body, isEnd: true)
        var fault: ResponseFault?
        switch event {
        case .begins(let head):
            started.running.headReceived(head)
            fault = head.fault(bodyBytes: body.readableBytes, of: started.run.call.request.head.method)
        case .malformed(let found): fault = found
        case .incomplete, .localRedirect: break
        }
        let record = await finish(started, pump, report, fault)()
        switch event {
        case .begins(let head): return .complete(head, output: body, record)
        case .localRedirect(let target) where record.outcome == .ok:
            return .redirected(to: target, record)
        case .incomplete, .localRedirect, .malformed:
            return .complete(ResponseHead(), output: ByteBuffer(), record)
        }
    }

    /// PID 1 has written output and continues: the answer begins as soon as its head is complete.
    private func open(
        _ started: StartedRun,
        _ pump: RequestPump,
        _ response: ResponseState,
        _ output: ByteBuffer
    ) async -> InvocationAnswer {
        let running = started.running
        var response = response
        var piece = output
        while running.pass(piece) {
            switch response.received(&piece, isEnd: false) {
            case .begins(let head):
                running.headReceived(head)
                running.committed()
                let stream = StreamedOutput(buffered: piece, running: running, source: running.nextOutput) {
                    [self] report in
                    await finish(started, pump, report)
                }
                return .streaming(head, stream)
            case .malformed(let fault):
                running.faultFound(fault)
                running.session.stop(.outputMalformed)
                return await stopped(started, pump)
            case .incomplete, .localRedirect:
                guard let next = await running.session.nextOutput() else {
                    let report = await running.session.exit()
                    return await whole(started, pump, response, ByteBuffer(), report)
                }
                piece = next
            }
        }
        return await stopped(started, pump)
    }

    /// The call was stopped before its answer began.
    private func stopped(_ started: StartedRun, _ pump: RequestPump) async -> InvocationAnswer {
        let record = await finish(started, pump, await started.running.session.exit())
        return .complete(ResponseHead(), output: ByteBuffer(), record())
    }

    /// The set-up of its sandbox failed: another one takes the call, unless its body was consumed.
    private func notStarted(
        _ started: StartedRun,
        _ pump: RequestPump,
        _ report: ExitReport,
        _ reason: String
    ) async -> Result<InvocationAnswer?, InvocationRefusal> {
        _ = await finish(started, pump, report)
        guard case .stream = started.run.call.request.body else { return .success(nil) }
        return .failure(refused(started.run.call, .cannotStart(reason: reason)))
    }
}
