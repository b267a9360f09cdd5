// SPDX-License-Identifier: Apache-2.0
// One run: a call of no function, with its command, its files, and all of its output. Part of Dispatcher.

import Contracts
import FoundationEssentials
import FunctionModel
import Glibc
import NIOCore
import Sandbox

/// One run that was planned.
struct RunJob: Sendable {
    var call: Call
    /// Its pool, command and limits.
    var target: LiveFunction
    var folder: String
    var files: [PlannedFile]
    var returnedFiles: [String]
}

extension Dispatcher {
    /// Leases a sandbox of the job's pool, runs the job in it, and records it.
    ///
    /// - Parameters:
    ///   - job: the run.
    ///   - capture: gets its output.
    /// - Returns: the answer.
    /// - Throws: ``RunRefusal`` when the command was not executed.
    func run(_ job: RunJob, _ capture: RunCapture) async throws(RunRefusal) -> RunAnswer {
        defer { capture.end() }
        for _ in 0..<Self.attemptsMax {
            if isStopping { break }
            let lease: Lease
            do throws(PoolRefusal) { lease = try await fleet.lease(job.target.pool) } catch {
                throw .call(refused(job.call, Self.refusal(error)))
            }
            let run = Run(call: job.call, function: job.target, lease: lease, leased: .now)
            if let answer = try await start(run, job, capture) { return answer }
        }
        let refusal = InvocationRefusal.unavailable(
            reason: "the gateway is stopping, or loses its sandboxes",
            retryAfterSeconds: Self.retryAfterStopSeconds
        )
        throw .call(refused(job.call, refusal))
    }

    /// Nil when the sandbox died before the command was executed.
    private func start(_ run: Run, _ job: RunJob, _ capture: RunCapture) async throws(RunRefusal)
        -> RunAnswer?
    {
        let running = running(run)
        let session = running.session
        capture.begins(session)
        do throws(SandboxError) {
            for file in job.files {
                try await RunFiles.write(file, at: RunFiles.absolute(file.path, in: job.folder), to: session)
            }
            if !job.returnedFiles.isEmpty { session.holdRoot() }
            let deadline = Date() + TimeInterval(job.target.limits.timeout / .seconds(1))
            let command = job.target.command.command(
                id: job.call.request.id,
                RequestVariables(),
                deadline: deadline
            )
            let preparesNext = run.lease.preparesNext && job.returnedFiles.isEmpty
            let max = job.target.limits.outputMax
            // Weak: the sandbox keeps this closure, and the invocation keeps the sandbox.
            try session.start(command, preparesNext: preparesNext) { [weak running] bytes in
                running?.standardError(bytes)
                capture.errors(bytes, max: max)
            }
        } catch {
            session.kill(.cancelled)
            return try notStarted(run, error)
        }
        capture.started()
        let started = admitted(run, running)
        let result = await withTaskCancellationHandler {
            await collect(started, job, capture)
        } onCancel: {
            // No reader is left for the output of a clean end.
            session.kill(.cancelled)
            capture.close()
        }
        return try result.get()
    }

    private func notStarted(_ run: Run, _ error: SandboxError) throws(RunRefusal) -> RunAnswer? {
        switch error {
        case .file(let path, let errorNumber):
            fleet.end(run.lease, isReusable: false)
            if Self.isHostFault(errorNumber) {
                let refusal = InvocationRefusal.unavailable(
                    reason: "a file cannot be written: \(error)",
                    retryAfterSeconds: Self.retryAfterSeconds
                )
                throw .call(refused(run.call, refusal))
            }
            _ = refused(run.call, .cannotStart(reason: error.description))
            throw .file(path: path, reason: error.description)
        case .commandTooLarge(let bytes, let max):
            fleet.end(run.lease, isReusable: false)
            _ = refused(run.call, .requestTooLarge(bytes: bytes, max: max))
            throw .mistake(.tooLarge(field: "command, code and env", bytes: bytes, max: max))
        default:
            fleet.endUnused(run.lease, error.description)
            return nil
        }
    }

    /// Whether a file failed through no path that a caller could correct.
    ///
    /// 0 is a descriptor that the kernel dropped on its way, because this process has too many.
    static func isHostFault(_ errorNumber: Int32) -> Bool {
        [0, EMFILE, ENFILE, EIO, ENOMEM].contains(errorNumber)
    }

    private func collect(_ started: StartedRun, _ job: RunJob, _ capture: RunCapture) async
        -> Result<RunAnswer?, RunRefusal>
    {
        let running = started.running
        let pump = await RequestPump(job.call.request, into: running)
        let report: ExitReport
        switch await running.session.collect(upTo: capture.isStreamed ? 0 : Self.responseBufferBytes) {
        case .complete(let output, let ended):
            _ = await take(output, running, capture)
            report = ended
        case .open(let first):
            var piece: ByteBuffer? = first
            while let output = piece, await take(output, running, capture) {
                piece = await running.session.nextOutput()
            }
            report = await running.session.exit()
        }
        if case .notStarted(let reason) = report.ending, running.session.isUndisturbed {
            lost(started.run, reason)
            await pump.ended()
            return .success(nil)
        }
        var files: [ReturnedFile] = []
        if !job.returnedFiles.isEmpty {
            // The program's time is over now, not when its files are read.
            _ = running.session.ended()
            files = await RunFiles.read(
                job.returnedFiles,
                in: job.folder,
                of: running.session,
                taking: capture.share
            )
        }
        let record = await finish(started, pump, report, keepsSlot: job.returnedFiles.isEmpty)()
        let (output, errors, isTruncated) = capture.collected
        return .success(
            RunAnswer(record: record, output: output, errors: errors, isTruncated: isTruncated, files: files)
        )
    }

    /// Takes stdout up to its limit; false beyond it, where the container is being killed.
    private func take(_ output: ByteBuffer, _ running: RunningInvocation, _ capture: RunCapture) async -> Bool
    {
        guard output.readableBytes > 0 else { return true }
        let room = max(0, running.limits.outputMax - running.bytes.out)
        if running.pass(output) {
            await capture.output(output, isCut: false)
            return true
        }
        let kept = output.getSlice(at: output.readerIndex, length: min(room, output.readableBytes))
        await capture.output(kept ?? ByteBuffer(), isCut: true)
        return false
    }
}
