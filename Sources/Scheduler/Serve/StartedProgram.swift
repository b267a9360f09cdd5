// SPDX-License-Identifier: Apache-2.0
// A program that was started before its invocation is known: its start, its readiness, connections to it. Fleet makes
// one for each sandbox of such a function.

import Contracts
import FunctionModel
import Glibc
import HTTPTypes
import NIOCore
import Sandbox
import SandboxHTTP
import Synchronization

/// What a pool needs to know to start a function's programs ahead.
struct ProgramSettings: Hashable, Sendable {
    /// How a program gets its request.
    enum Intake: Hashable, Sendable {
        /// On standard input; it is ready as soon as it is started.
        case standardInput
        /// Over HTTP on a port. With a path, it is ready when that answers 200 to 399, else when it accepts a connection.
        case server(port: UInt16, readyPath: String?)
        /// It asks for it with `next` of AWS Lambda's Runtime API; it is ready when it has.
        case runtime
    }

    var command: SandboxCommand
    var intake: Intake

    /// Where it serves; nil for a program that reads standard input.
    var port: UInt16? {
        if case .server(let port, _) = intake { port } else { nil }
    }

    /// Where a template of it waits.
    var templateIntake: TemplateIntake {
        switch intake {
        case .standardInput: .standardInput
        case .server(let port, _): .server(port: port)
        case .runtime: .client(port: LambdaEnvironment.port)
        }
    }

    /// Nil when the function's programs start with their invocation.
    ///
    /// - Parameters:
    ///   - configuration: of the function.
    ///   - command: of its revision.
    ///   - port: where the program of an `http` function serves.
    init?(_ configuration: FunctionConfiguration, _ command: FunctionCommand, port: @autoclosure () -> UInt16)
    {
        guard configuration.startsAhead else { return nil }
        switch configuration.contract {
        case .http:
            let port = port()
            self.command = command.command(port: port)
            intake = .server(port: port, readyPath: configuration.readyPath)
        case .lambda:
            self.command = command.runtimeCommand()
            intake = .runtime
        case .stdio, .cgi:
            self.command = command.command(port: nil)
            intake = .standardInput
        }
    }
}

/// One program that is started ahead of its invocation.
final class StartedProgram: Sendable {
    private struct Storage {
        var isReady = false
        /// Why it ended before its invocation.
        var endReason: String?
        /// Reads its stdout as log.
        var reader: Task<Void, Never>?
        var startMilliseconds: Double?
        /// To its server, from the invocation before.
        var connection: ServerConnection?
    }

    /// Longest wait for the answer on `ready_path`.
    private static let answerMax = Duration.seconds(5)

    let settings: ProgramSettings
    /// Serves the Runtime API; nil when it does not use that.
    let runtime: LambdaRuntime?
    private let sandbox: any SandboxHandle
    private let log = ProgramLog()
    private let state = Mutex(Storage())

    init(_ sandbox: any SandboxHandle, _ settings: ProgramSettings) {
        self.sandbox = sandbox
        self.settings = settings
        runtime = settings.intake == .runtime ? LambdaRuntime() : nil
    }

    /// From its start until it was ready; nil when it is not.
    var startMilliseconds: Double? { state.withLock { $0.startMilliseconds } }

    /// It ended before it was assigned.
    ///
    /// - Returns: whether that was before it was ready: then its start fails with this reason.
    func ended(_ reason: String) -> Bool {
        let isFailure = state.withLock { state in
            if !state.isReady { state.endReason = reason }
            return !state.isReady
        }
        runtime?.programEnded()
        return isFailure
    }

    /// It is ready, unless it has ended.
    ///
    /// - Returns: why it ended.
    private func becomesReady() -> String? {
        state.withLock { state in
            if state.endReason == nil { state.isReady = true }
            return state.endReason
        }
    }

    /// Starts the program and waits until it can serve.
    ///
    /// - Returns: why it cannot; nil when it is ready.
    func start() async -> String? {
        let began = ContinuousClock.now
        do throws(ExchangeFailure) { try await runtime?.open(in: sandbox) } catch { return "\(error)" }
        do throws(SandboxError) {
            try sandbox.start(settings.command) { [log] in log.write($0) }
        } catch {
            return error.description
        }
        let failure: String?
        switch settings.intake {
        case .standardInput: failure = becomesReady().map(endedEarly)
        case .server(let port, let path):
            readOutput()
            failure = await serverReady(port, path)
        case .runtime:
            readOutput()
            failure = await runtimeReady()
        }
        state.withLock { $0.startMilliseconds = (ContinuousClock.now - began) / .milliseconds(1) }
        return failure
    }

    /// The stdout of a program that gets its request elsewhere is log.
    ///
    /// The task ends with the program, which every path ends.
    private func readOutput() {
        let reader = Task { [log, sandbox] in
            var pace = LogPace()
            while let piece = await sandbox.nextOutput() {
                log.write(piece)
                guard let pause = pace.pause(after: piece.readableBytes) else { continue }
                // A cancelled sleep only reads the next piece sooner; nothing cancels this task.
                try? await Task.sleep(for: pause)
            }
        }
        state.withLock { $0.reader = reader }
    }

    /// A runtime has ended: returns when all of its stdout is in the log.
    ///
    /// At once for other programs: they may serve again.
    func outputRead() async {
        guard runtime != nil else { return }
        await state.withLock { $0.reader }?.value
    }

    private func runtimeReady() async -> String? {
        let reason = await runtime?.ready(within: ReadinessState.spanMax)
        if let end = state.withLock({ $0.endReason }) { return endedEarly(end) }
        guard let reason else { return becomesReady().map(endedEarly) }
        return explained(reason)
    }

    private func serverReady(_ port: UInt16, _ path: String?) async -> String? {
        var readiness = ReadinessState(startedAt: .now)
        var problem = ""
        while true {
            guard let refused = await attempt(port, path) else { return becomesReady().map(endedEarly) }
            problem = refused
            if let reason = state.withLock({ $0.endReason }) { return endedEarly(reason) }
            guard case .retry(let pause) = readiness.refused(at: .now) else { break }
            do { try await Task.sleep(for: pause) } catch { break }
        }
        let seconds = ReadinessState.spanMax / .seconds(1)
        return explained("its program was not ready within \(Int(seconds)) s: \(problem)")
    }

    /// Gives what it writes to an invocation.
    func assign(to invocation: RunningInvocation) { log.assign(to: invocation) }

    /// It serves another invocation later.
    ///
    /// - Parameter connection: of this one; used again where the server keeps it.
    func unassign(_ connection: ServerConnection) {
        log.unassign()
        guard connection.isReusable else { return }
        connection.watch()
        state.withLock { $0.connection = connection }
    }

    /// The connection of the invocation before, if its server has not closed it.
    func takeConnection() -> ServerConnection? {
        let connection = state.withLock { state in
            defer { state.connection = nil }
            return state.connection
        }
        return connection?.isReusable == true ? connection : nil
    }

    /// Connects to the port of its server.
    ///
    /// - Throws: ``ExchangeFailure/broken(_:)``.
    func connect(port: UInt16, mayTunnel: Bool = false) async throws(ExchangeFailure) -> ServerConnection {
        let descriptor: OwnedDescriptor
        do throws(SandboxError) { descriptor = try await sandbox.dial(port: port) } catch {
            throw .broken(error.description)
        }
        return try await ServerConnection.adopt(descriptor, mayTunnel: mayTunnel)
    }

    /// - Returns: why it is not ready; nil when it is.
    private func attempt(_ port: UInt16, _ path: String?) async -> String? {
        do throws(SandboxError) {
            let descriptor = try await sandbox.dial(port: port)
            guard let path else { return nil }
            return await ask(path, descriptor)
        } catch {
            return error.description
        }
    }

    /// Asks its `ready_path`.
    private func ask(_ path: String, _ descriptor: consuming OwnedDescriptor) async -> String? {
        let connection: ServerConnection
        do throws(ExchangeFailure) { connection = try await ServerConnection.adopt(descriptor) } catch {
            return "\(error)"
        }
        // Closing ends the wait below.
        let bound = Task {
            try await Task.sleep(for: Self.answerMax)
            connection.close()
        }
        defer {
            bound.cancel()
            connection.close()
        }
        let request = HTTPRequest(
            method: .get,
            scheme: "http",
            authority: "localhost",
            path: path,
            headerFields: [.connection: "close", .userAgent: "\(Product.name)/\(Product.version)"]
        )
        connection.send(request, body: nil, isWhole: true)
        switch await connection.next() {
        case .head(let response) where (200..<400).contains(response.status.code): return nil
        case .head(let response): return "\(path) answers \(response.status.code)"
        case .failure(let failure): return "\(path): \(failure)"
        case .body, .end: return "\(path): no answer"
        }
    }

    private func endedEarly(_ reason: String) -> String {
        explained("its program ended before it was ready (\(reason))")
    }

    /// A reason with the end of what the program wrote.
    func explained(_ reason: String) -> String {
        guard let tail = log.tail else { return reason }
        return "\(reason); its output ends with: \(tail)"
    }
}
