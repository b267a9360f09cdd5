// SPDX-License-Identifier: Apache-2.0
// A spawner without containers: tests decide when slots and sandboxes come, and how invocations end.

import Foundation
import FunctionModel
import Glibc
import Logging
import NIOCore
import Sandbox
import Synchronization

@testable import Scheduler

/// Makes slots at once, or fails as configured.
final class FakeSpawner: SlotMaking {
    struct Counts: Hashable {
        var launched = 0
        /// Of those launched.
        var inEmptyNetwork = 0
        /// Of those launched.
        var templates = 0
        var retired = 0
        var made = 0
        var killed = 0
        /// Sandboxes that are still held.
        var alive = 0
    }

    let counts = Mutex(Counts())
    let failure = Mutex<SandboxError?>(nil)
    /// Why no program can be copied.
    let templateFailure = Mutex<SandboxError?>(nil)
    let makingFailure = Mutex<SandboxError?>(nil)
    /// The first one made, for tests that do something to it.
    let first = Mutex<FakeSandbox?>(nil)
    /// So many sandboxes end before anything runs in them.
    let duds = Mutex(0)
    /// What the sandboxes do when they are released.
    let program: FakeSandbox.Program

    /// Whether ``first`` is kept, and so never dropped.
    let keepsFirst: Bool

    init(_ program: FakeSandbox.Program = FakeSandbox.Program(), keepsFirst: Bool = false) {
        self.program = program
        self.keepsFirst = keepsFirst
    }

    func slot(_ plan: SandboxPlan, sharesEmptyNetwork: Bool) async throws(SandboxError) -> any SlotHandle {
        if let failure = failure.withLock({ $0 }) { throw failure }
        counts.withLock {
            $0.launched += 1
            if sharesEmptyNetwork { $0.inEmptyNetwork += 1 }
        }
        return FakeSlot(spawner: self)
    }

    func slot(_ plan: SandboxPlan, template: ProgramSettings) async throws(SandboxError) -> any SlotHandle {
        if let failure = templateFailure.withLock({ $0 }) { throw failure }
        counts.withLock {
            $0.launched += 1
            $0.templates += 1
        }
        return FakeSlot(spawner: self)
    }
}

final class FakeSlot: SlotHandle {
    private let spawner: FakeSpawner

    init(spawner: FakeSpawner) { self.spawner = spawner }

    func sandbox(then: @escaping @Sendable (Result<any SandboxHandle, SandboxError>) -> Void) {
        // Later, as a real one.
        Task { then(make()) }
    }

    private func make() -> Result<any SandboxHandle, SandboxError> {
        if let failure = spawner.makingFailure.withLock({ $0 }) { return .failure(failure) }
        spawner.counts.withLock {
            $0.made += 1
            $0.alive += 1
        }
        var program = spawner.program
        let isDud = spawner.duds.withLock { duds in
            defer { duds -= 1 }
            return duds > 0
        }
        if isDud { program.report = ExitReport(ending: .notStarted(reason: "out of luck")) }
        let sandbox = FakeSandbox(spawner: spawner, program: program)
        if spawner.keepsFirst { spawner.first.withLock { $0 = $0 ?? sandbox } }
        return .success(sandbox)
    }

    func retire() { spawner.counts.withLock { $0.retired += 1 } }
}

/// A sandbox whose program is a few values.
final class FakeSandbox: SandboxHandle {
    struct Program: Sendable {
        var output: [ByteBuffer] = []
        var standardError = ""
        var report = ExitReport(ending: .exited(code: 0))
        /// Runs until it is signalled or killed.
        var isEndless = false
        var obeysSignals = true
        var releaseFailure: SandboxError?
        /// Serves a connection that was dialled, on a thread of its own; nil: nothing listens.
        var server: (@Sendable (_ connection: Int32) -> Void)?
        /// Uses what listens in its sandbox, on a thread of its own; a connection each time it asks for one.
        var client: (@Sendable (_ connect: () -> Int32) -> Void)?
        /// So many connections are refused before the first is served.
        var refusedMax = 0
    }

    private struct Storage {
        var ending: ExitReport?
        var waiting: [CheckedContinuation<Void, Never>] = []
        var output: [ByteBuffer] = []
        var input = ByteBuffer()
        var isInputClosed = false
        var command: SandboxCommand?
        var signals: [Int32] = []
        /// Kept for good, so that no test depends on its release.
        var onStandardError: (@Sendable (ByteBuffer) -> Void)?
        var onUnused: (@Sendable (String) -> Void)?
        var isAssigned = false
        var isReturned = false
        var dialled = 0
    }

    private let spawner: FakeSpawner
    private let program: Program
    private let storage: Mutex<Storage>

    init(spawner: FakeSpawner, program: Program) {
        self.spawner = spawner
        self.program = program
        storage = Mutex(Storage(output: program.output))
    }

    deinit { spawner.counts.withLock { $0.alive -= 1 } }

    var input: ByteBuffer { storage.withLock { $0.input } }
    var isInputClosed: Bool { storage.withLock { $0.isInputClosed } }
    var signals: [Int32] { storage.withLock { $0.signals } }
    var environment: [String] { storage.withLock { $0.command?.environment ?? [] } }

    func release(
        _ command: SandboxCommand,
        preparesNext: Bool,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError) {
        if let failure = program.releaseFailure { throw failure }
        storage.withLock {
            $0.command = command
            $0.onStandardError = onStandardError
        }
        if !program.standardError.isEmpty { onStandardError(ByteBuffer(string: program.standardError)) }
        if !program.isEndless { end(program.report) }
    }

    func start(
        _ command: SandboxCommand,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError) {
        if let failure = program.releaseFailure { throw failure }
        storage.withLock {
            $0.command = command
            $0.onStandardError = onStandardError
        }
        if !program.standardError.isEmpty { onStandardError(ByteBuffer(string: program.standardError)) }
    }

    func assign(preparesNext: Bool) throws(SandboxError) {
        let isOver = storage.withLock { storage in
            storage.isAssigned = true
            storage.isReturned = false
            return storage.ending != nil
        }
        if isOver { throw .gone("the sandbox") }
    }

    func unassign() {
        let waiting = storage.withLock { storage -> [CheckedContinuation<Void, Never>] in
            storage.isReturned = true
            defer { storage.waiting = [] }
            return storage.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func dial(port: UInt16, at address: LinkAddress, from source: LinkAddress) async throws(SandboxError)
        -> OwnedDescriptor
    {
        throw .unreachable(port: port, errorNumber: ECONNREFUSED)
    }

    func listenForLinks() async throws(SandboxError) -> OwnedDescriptor {
        throw .unsupported("links in a fake")
    }

    func openHosts() async throws(SandboxError) -> OwnedDescriptor {
        throw .unsupported("links in a fake")
    }

    func setLinks(_ links: [LinkAddress]) async throws(SandboxError) {
        throw .unsupported("links in a fake")
    }

    func openProcesses() async throws(SandboxError) -> OwnedDescriptor {
        throw .unsupported("processes of a fake")
    }

    func dialDatagrams(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        throw .unreachable(port: port, errorNumber: ECONNREFUSED)
    }

    func dial(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        let number = storage.withLock { storage -> Int? in
            guard storage.ending == nil else { return nil }
            storage.dialled += 1
            return storage.dialled
        }
        guard let number else { throw .gone("the sandbox") }
        guard let server = program.server, number > program.refusedMax else {
            throw .unreachable(port: port, errorNumber: ECONNREFUSED)
        }
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else {
            throw .system(call: "socketpair", errorNumber: errno)
        }
        let far = ends[1]
        Thread.detachNewThread { server(far) }
        return OwnedDescriptor(owning: ends[0])
    }

    func listen(port: UInt16) async throws(SandboxError) -> OwnedDescriptor {
        guard let client = program.client else {
            throw .unsupported("listening in a sandbox without a process")
        }
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let place = Loopback.listen(raw)
        Thread.detachNewThread { client { Loopback.connect(place) } }
        return OwnedDescriptor(owning: raw)
    }

    func createFile(_ path: String, mode: UInt32) async throws(SandboxError) -> OwnedDescriptor {
        throw .unsupported("files in a sandbox without a process")
    }

    func openFile(_ path: String) async throws(SandboxError) -> OwnedDescriptor {
        throw .unsupported("files in a sandbox without a process")
    }

    func holdRoot() {}

    func usage() async -> ContainerUsage? {
        guard storage.withLock({ $0.ending }) == nil else { return nil }
        return ContainerUsage(memoryBytes: 3 << 20, cpuMicroseconds: 5000, processCount: 2)
    }

    let name = "1-1"

    func write(_ bytes: ByteBuffer) async -> Bool {
        storage.withLock { _ = $0.input.writeImmutableBuffer(bytes) }
        return true
    }

    func closeInput() { storage.withLock { $0.isInputClosed = true } }

    func collect(upTo limit: Int) async -> WarmSandbox.Collected {
        let first = storage.withLock { storage -> ByteBuffer in
            var first = ByteBuffer()
            while first.readableBytes <= limit, !storage.output.isEmpty {
                first.writeImmutableBuffer(storage.output.removeFirst())
            }
            return first
        }
        if first.readableBytes > limit { return .open(first) }
        return .complete(first, await exit())
    }

    func nextOutput() async -> ByteBuffer? {
        storage.withLock { $0.output.isEmpty ? nil : $0.output.removeFirst() }
    }

    func exit() async -> ExitReport {
        await withCheckedContinuation { continuation in
            let isOver = storage.withLock { storage in
                let isOver = storage.ending != nil || storage.isReturned
                if !isOver { storage.waiting.append(continuation) }
                return isOver
            }
            if isOver { continuation.resume() }
        }
        return storage.withLock { $0.ending } ?? ExitReport(ending: .returned)
    }

    var defaults: ProcessDefaults {
        ProcessDefaults(user: ContainerUser(uid: 7), workingDirectory: "/work", rootfs: "/no/such/tree")
    }

    func enter(
        _ plan: ProcessPlan,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) async throws(SandboxError) -> any SandboxHandle {
        guard storage.withLock({ $0.ending == nil }) else { throw .gone("the sandbox") }
        let process = FakeSandbox(spawner: spawner, program: program)
        try process.release(plan.command, preparesNext: false, onStandardError: onStandardError)
        return process
    }

    func liveFile(_ action: LiveFileAction, _ path: String) async throws(SandboxError) -> OwnedDescriptor {
        throw .file(path, errorNumber: ENOENT)
    }

    func executed() async -> ExitReport? { storage.withLock { $0.ending } }

    func signal(_ number: Int32) {
        storage.withLock { $0.signals.append(number) }
        if program.obeysSignals { end(ExitReport(ending: .signalled(number))) }
    }

    func resizeTerminal(rows: UInt16, columns: UInt16) {}
    func holdErrors(_ isHeld: Bool) {}

    func whenUnused(_ action: @escaping @Sendable (String) -> Void) {
        storage.withLock { $0.onUnused = action }
    }

    /// As if it was killed while it was warm.
    func dieUnused() {
        storage.withLock { $0.onUnused }?("killed")
    }

    func kill() {
        spawner.counts.withLock { $0.killed += 1 }
        end(ExitReport(ending: .signalled(9)))
    }

    func end(_ report: ExitReport) {
        let waiting = storage.withLock { storage -> [CheckedContinuation<Void, Never>] in
            guard storage.ending == nil else { return [] }
            storage.ending = report
            defer { storage.waiting = [] }
            return storage.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// Keeps records and lines.
final class FakeSink: InvocationSink {
    private let storage = Mutex<(invocations: [Invocation], logs: [LogLine])>(([], []))

    var invocations: [Invocation] { storage.withLock { $0.invocations } }
    var logs: [String] { storage.withLock { $0.logs.map(\.text) } }

    func append(_ invocation: Invocation?, logs: [LogLine]) {
        storage.withLock { storage in
            if let invocation { storage.invocations.append(invocation) }
            storage.logs += logs
        }
    }
}

/// Waits until something that another task does has happened, with a bound for when it never does.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        // A cancelled sleep only makes the next look come sooner.
        try? await Task.sleep(for: .milliseconds(2))
    }
    return condition()
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
