// SPDX-License-Identifier: Apache-2.0
// A dispatcher over one function whose sandboxes are a few values.

import Contracts
import Foundation
import FunctionModel
import Glibc
import HTTPTypes
import ImageStore
import Logging
import NIOCore
import Sandbox
import Synchronization

@testable import Scheduler

/// A directory with one function.
private struct OneFunction: FunctionDirectory {
    var live: LiveFunction

    func lookup(_ name: FunctionName) -> FunctionLookup {
        name == live.revision.function ? .live(live) : .unknown
    }

    func lookup(_ name: FunctionName, _ version: FunctionVersion) async throws(InvocationRefusal)
        -> FunctionLookup
    {
        guard version == .revision(live.revision.number) else { throw .unknownVersion(name, version) }
        return lookup(name)
    }
}

struct DispatcherWorld {
    let spawner: FakeSpawner
    let sink = FakeSink()
    let fleet: Fleet
    let dispatcher: Dispatcher
    let name: FunctionName
    let pool: PoolNumber

    init(
        _ program: FakeSandbox.Program = FakeSandbox.Program(),
        keepsFirst: Bool = false,
        _ change: (inout FunctionConfiguration) -> Void = { _ in }
    ) throws {
        spawner = FakeSpawner(program, keepsFirst: keepsFirst)
        name = try FunctionName("f")
        var configuration = FunctionConfiguration()
        configuration.grace = try TimeSpan("20ms", field: "grace")
        change(&configuration)
        let revision = Revision(
            function: name,
            number: 2,
            imageReference: "i",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: configuration,
            createdAt: Date()
        )
        configuration.command = ["/run"]
        let plan = try ContainerPlanner.plan(
            ContainerImage(
                rootfs: "/nowhere",
                account: ContainerAccount(user: ContainerUser(), home: "/")
            ),
            ContainerOverrides(name, configuration, secrets: [])
        )
        let command = FunctionCommand(plan, of: revision)
        let limits = InvocationLimits(
            function: name,
            revision: 2,
            program: "/run",
            timeout: configuration.timeout.duration,
            grace: configuration.grace.duration,
            outputMax: configuration.limits.output.bytes,
            stopSignal: SIGTERM
        )
        let timer = DeadlineTimer()
        fleet = Fleet(sandboxesMax: 8, timer: timer, logger: .silent)
        fleet.attach(spawner)
        pool = fleet.add(
            plan.sandbox,
            PoolSettings(configuration),
            ProgramSettings(configuration, command, port: 8080)
        )
        let live = LiveFunction(
            revision: revision,
            pool: pool,
            command: command,
            contract: ContractAdapter(configuration, program: "/run"),
            limits: limits
        )
        dispatcher = Dispatcher(
            fleet,
            timer,
            sink,
            directory: OneFunction(live: live),
            unfinished: nil
        )
    }

    func request(_ body: RequestBody = .none, wantsStream: Bool = false) -> InvocationRequest {
        var request = InvocationRequest(
            trigger: .http,
            head: RequestHead(method: .get, target: "/", scriptName: "/function/f", callID: "id"),
            body: body,
            arrivedAt: Date()
        )
        request.wantsStream = wantsStream
        return request
    }

    /// The answer of a call that does not stream.
    func complete(_ body: RequestBody = .none) async throws -> (output: String, invocation: Invocation) {
        switch try await dispatcher.invoke(name, request(body)) {
        case .complete(_, let output, let invocation): return (String(buffer: output), invocation)
        case .streaming, .redirected: throw Streamed()
        }
    }

    struct Streamed: Error {}
}

/// A program that writes pieces of output and exits.
func program(_ output: [String] = [], code: Int32 = 0) -> FakeSandbox.Program {
    var program = FakeSandbox.Program()
    program.output = output.map { ByteBuffer(string: $0) }
    program.report = ExitReport(ending: .exited(code: code))
    return program
}
