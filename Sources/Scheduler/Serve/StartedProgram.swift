// SPDX-License-Identifier: Apache-2.0
// A program that was started before its invocation is known: its start, its readiness, connections to it. Fleet makes
// one for each sandbox of such a function.

import FunctionModel
import Glibc
import HTTPTypes
import NIOCore
import Sandbox
import SandboxHTTP
import Synchronization

/// What a pool needs to know to start a function's programs ahead.
struct ProgramSettings: Hashable, Sendable {
    var command: SandboxCommand
    /// Where it serves HTTP.
    var port: UInt16
    /// Asked until it is answered with 200 to 399; nil: a connection is enough.
    var readyPath: String?
}

/// One server that is started ahead of its invocation.
final class StartedProgram: Sendable {
    private struct State {
        var isReady = false
        /// Why it ended before its invocation.
        var endReason: String?
    }

    /// Longest wait for the answer on `ready_path`.
    private static let answerMax = Duration.seconds(5)

    let settings: ProgramSettings
    private let sandbox: any SandboxHandle
    private let log = ProgramLog()
    private let state = Mutex(State())

    init(_ sandbox: any SandboxHandle, _ settings: ProgramSettings) {
        self.sandbox = sandbox
        self.settings = settings
    }

    /// Whether it answered, and so may be leased.
    var isReady: Bool { state.withLock { $0.isReady } }

    /// It ended before it was assigned.
    func ended(_ reason: String) { state.withLock { $0.endReason = reason } }

    /// Starts the program and waits until it can serve.
    ///
    /// - Returns: why it cannot; nil when it is ready.
    func start() async -> String? {
        do throws(SandboxError) {
            try sandbox.start(settings.command) { [log] in log.write($0) }
        } catch {
            return error.description
        }
        // A server's stdout is log. The task ends with the program, which every path ends.
        Task { [log, sandbox] in
            while let piece = await sandbox.nextOutput() { log.write(piece) }
        }
        var readiness = ReadinessState(startedAt: .now)
        var problem = ""
        while true {
            let attempt = await attempt()
            guard let refused = attempt else {
                state.withLock { $0.isReady = true }
                return nil
            }
            problem = refused
            if let reason = state.withLock({ $0.endReason }) {
                return explained("its program ended before it was ready (\(reason))")
            }
            guard case .retry(let pause) = readiness.refused(at: .now) else { break }
            do {
                try await Task.sleep(for: pause)
            } catch {
                break
            }
        }
        let seconds = ReadinessState.spanMax / .seconds(1)
        return explained("its program was not ready within \(Int(seconds)) s: \(problem)")
    }

    /// Gives what it writes to an invocation.
    func assign(to invocation: RunningInvocation) { log.assign(to: invocation) }

    /// Connects to its port.
    ///
    /// - Throws: ``ExchangeFailure/broken(_:)``.
    func connect() async throws(ExchangeFailure) -> ServerConnection {
        let descriptor: OwnedDescriptor
        do throws(SandboxError) { descriptor = try await sandbox.dial(port: settings.port) } catch {
            throw .broken(error.description)
        }
        return try await ServerConnection.adopt(descriptor)
    }

    /// - Returns: why it is not ready; nil when it is.
    private func attempt() async -> String? {
        do throws(SandboxError) {
            let descriptor = try await sandbox.dial(port: settings.port)
            guard let path = settings.readyPath else { return nil }
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

    private func explained(_ reason: String) -> String {
        guard let tail = log.tail else { return reason }
        return "\(reason); its output ends with: \(tail)"
    }
}
