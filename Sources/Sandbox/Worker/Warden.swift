// SPDX-License-Identifier: Apache-2.0
// The interface to the warden, which keeps root's privileges after the gateway gave up its own.

import CSandbox
import Glibc
import Synchronization

/// The gateway's end of the warden process.
///
/// Made while the gateway is root and has one thread; used afterwards from any.
package final class Warden: Sendable {
    /// Folders of DATA in which workers work.
    package enum Place: String, CaseIterable, Sendable {
        case rootfs, build, containers

        var number: UInt32 {
            switch self {
            case .rootfs: CSANDBOX_PLACE_ROOTFS.rawValue
            case .build: CSANDBOX_PLACE_BUILD.rawValue
            case .containers: CSANDBOX_PLACE_CONTAINERS.rawValue
            }
        }
    }

    /// Longest wait for a worker's first word; it takes some tens of milliseconds.
    static let workerTimeoutMilliseconds: Int32 = 30_000
    /// Longest wait for the warden's end, which waits for nothing itself.
    static let stopTimeoutMilliseconds: Int32 = 2_000

    let host: HostEnvironment
    let socket: OwnedDescriptor
    /// For people and tests.
    package let processID: Int32
    private let isStopped = Mutex(false)
    /// In the warden's order.
    let files: [String]

    /// DATA, in whose folders workers work.
    package var dataDirectory: String { host.dataDirectory }

    /// Starts the warden and sends it the configuration that is fixed from then on.
    ///
    /// Blocks for some milliseconds; starts no thread.
    ///
    /// - Parameters:
    ///   - dataDirectory: DATA; its folders of ``Place`` exist.
    ///   - serviceID: the user that the gateway is about to become.
    ///   - showsHost: false keeps containers from folders of the host outside of DATA, for every caller.
    ///   - files: absolute paths that ``openFile(_:)`` opens later, as root.
    ///   - workerProgram: what workers execute; tests name others than this program.
    /// - Throws: ``SandboxError`` when it cannot start.
    package init(
        dataDirectory: String,
        serviceID: UInt32,
        showsHost: Bool = true,
        files: [String] = [],
        workerProgram: String = "/proc/self/exe"
    ) throws(SandboxError) {
        self.files = files
        host = HostEnvironment(dataDirectory: dataDirectory, showsHost: showsHost)
        let program = try SpawnerProgram.open()
        let (ours, theirs) = try OwnedDescriptor.packetPair().split()
        socket = OwnedDescriptor(owning: ours)
        let remote = OwnedDescriptor(owning: theirs)
        processID = csandbox_spawn(CSANDBOX_WARDEN_NAME, program.raw, remote.raw)
        guard processID > 0 else { throw .system(call: "posix_spawn", errorNumber: -processID) }
        close(remote.take())
        for file in files { try pin(file) }
        try pin(serviceID: serviceID, workerProgram: workerProgram)
    }

    private func pin(serviceID: UInt32, workerProgram: String) throws(SandboxError) {
        let message = UnsafeMutablePointer<csandbox_pin>.allocate(capacity: 1)
        defer { message.deallocate() }
        memset(message, 0, MemoryLayout<csandbox_pin>.size)
        message.pointee.header.kind = UInt32(CSANDBOX_PIN.rawValue)
        message.pointee.version = CSANDBOX_PROTOCOL_VERSION
        message.pointee.service_id = serviceID
        let places = Place.allCases.map { dataDirectory + "/" + $0.rawValue }
        guard FixedText.copy(places[0], into: &message.pointee.directories.0),
            FixedText.copy(places[1], into: &message.pointee.directories.1),
            FixedText.copy(places[2], into: &message.pointee.directories.2)
        else { throw .unsupported("a data folder path of more than \(CSANDBOX_PATH_MAX) bytes") }
        let configuration = try host.configuration()
        memcpy(&message.pointee.configuration, configuration, MemoryLayout<csandbox_configure>.size)
        configuration.deallocate()
        let program = open(workerProgram, O_RDONLY | O_CLOEXEC)
        guard program >= 0 else { throw .system(call: "open \(workerProgram)", errorNumber: errno) }
        defer { close(program) }
        let ruleset = try host.ruleset()
        defer { if let ruleset { close(ruleset) } }
        let descriptors = [program] + (ruleset.map { [$0] } ?? [])
        let size = MemoryLayout<csandbox_pin>.size
        let result = csandbox_send(socket.raw, message, size, descriptors, descriptors.count)
        guard result == 0 else { throw Packet.failure(of: "send", -result) }
        try Self.awaitOutcome(CSANDBOX_PIN, on: socket.raw)
    }

    /// Has a supervisor started that holds the other end of a socket.
    func supervise(_ remote: Int32) throws(SandboxError) {
        let command = csandbox_command(
            header: csandbox_header(kind: UInt32(CSANDBOX_SUPERVISE.rawValue), slot: 0),
            value: 0,
            sandbox: 0
        )
        try Packet.send(command, to: socket.raw, descriptors: [remote])
    }

    /// Kills every supervisor, and with each its spawner: for those that do not answer.
    ///
    /// Never blocks; nothing happens where the warden does not answer either.
    func killSupervisors() {
        let command = csandbox_command(
            header: csandbox_header(kind: UInt32(CSANDBOX_KILL_SUPERVISORS.rawValue), slot: 0),
            value: 0,
            sandbox: 0
        )
        Packet.sendNow(command, to: socket.raw)
    }

    /// Starts a worker and waits until it is ready for orders.
    ///
    /// Blocks for some tens of milliseconds, at most ``workerTimeoutMilliseconds``.
    ///
    /// - Parameters:
    ///   - place: which folder of DATA.
    ///   - name: a folder below it by real names; `.` for the place itself.
    ///   - isWritable: false makes everything read-only for it.
    /// - Returns: the gateway's end of its socket, which the caller closes; then the worker ends.
    /// - Throws: ``SandboxError`` with step and errno.
    package func worker(in place: Place, name: String, isWritable: Bool) throws(SandboxError) -> Int32 {
        var order = csandbox_work()
        order.header.kind = UInt32(CSANDBOX_WORK.rawValue)
        order.place = place.number
        order.flags = isWritable ? CSANDBOX_WORK_WRITABLE.rawValue : 0
        guard FixedText.copy(name, into: &order.name) else {
            throw .unsupported("a folder name of more than \(CSANDBOX_NAME_MAX) bytes")
        }
        let (ours, theirs) = try OwnedDescriptor.packetPair().split()
        let own = OwnedDescriptor(owning: ours)
        let remote = OwnedDescriptor(owning: theirs)
        try Packet.send(order, to: socket.raw, descriptors: [remote.raw])
        close(remote.take())
        try Self.awaitOutcome(CSANDBOX_WORK, on: own.raw)
        return own.take()
    }

    /// Waits for the one answer of a kind.
    static func awaitOutcome(_ wanted: csandbox_kind, on socket: Int32) throws(SandboxError) {
        var source = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        var count: Int32
        repeat { count = poll(&source, 1, workerTimeoutMilliseconds) } while count < 0 && errno == EINTR
        guard count > 0 else { throw .unsupported("a helper that does not answer") }
        let received = Packet.receive(from: socket) { received -> csandbox_outcome? in
            guard case .packet(let kind, let bytes, let descriptors) = received else { return nil }
            descriptors.forEach { close($0) }
            return kind == wanted ? Packet.read(csandbox_outcome.self, bytes) : nil
        }
        guard let received else { throw .gone("the helper") }
        guard received.step == 0 else { throw Packet.setupError(received.step, received.error) }
    }

    /// Calls back when the warden died without being stopped: nothing can be started any more.
    package func onDeath(_ action: @escaping @Sendable () -> Void) {
        let watch = WardenWatch(socket: socket.raw) { [weak self] in
            if let self, !self.isStopped.withLock({ $0 }) { action() }
        }
        watch.begin()
    }

    /// Ends it and every worker; returns when it is gone (bounded by 2 s).
    package func stop() async {
        isStopped.withLock { $0 = true }
        shutdown(socket.raw, Int32(SHUT_RDWR))
        for _ in 0..<(Self.stopTimeoutMilliseconds / 10) {
            var status: Int32 = 0
            if waitpid(processID, &status, WNOHANG) != 0 { return }
            // Cancellation shortens nothing here: the wait is bounded.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Waits for the end of the warden's socket on the reactor.
private final class WardenWatch: ReactorSource {
    private let socket: Int32
    private let action: @Sendable () -> Void
    private let token = Mutex<UInt64?>(nil)

    init(socket: Int32, action: @escaping @Sendable () -> Void) {
        self.socket = socket
        self.action = action
    }

    func begin() {
        let token = Reactor.shared.add(socket, .control, readiness: readable, source: self)
        self.token.withLock { $0 = token }
    }

    func ready(_ role: ReactorRole, readiness: UInt32) {
        let hasEnded = Packet.receive(from: socket) { received in
            guard case .packet(_, _, let descriptors) = received else {
                if case .end = received { return true }
                return false
            }
            descriptors.forEach { close($0) }
            return false
        }
        guard hasEnded else { return }
        let token = token.withLock { token in
            defer { token = nil }
            return token
        }
        guard let token else { return }
        Reactor.shared.remove(token, descriptor: socket)
        action()
    }
}
