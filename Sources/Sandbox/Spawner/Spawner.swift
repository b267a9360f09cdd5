// SPDX-License-Identifier: Apache-2.0
// The interface to the privileged helper: starts it, orders slots, and notices its death.

import CSandbox
import FunctionModel
import Glibc
package import Logging
import Synchronization

/// The gateway's end of the helper processes.
package final class Spawner: Sendable {
    /// Longest time from starting the helper to its first word; it takes some milliseconds.
    static let startTimeoutMilliseconds: Int32 = 10_000
    /// Longest time that everything below the helper may take to die.
    static let stopTimeoutMilliseconds: Int32 = 5_000
    /// Longest wait for the end of a supervisor that was killed.
    static let killTimeoutMilliseconds: Int32 = 1_000

    struct Storage: ~Copyable {
        var slots: [UInt32: Slot] = [:]
        var lastSlot: UInt32 = 0
        var socket: Int32 = -1
        var token: UInt64?
        var features: UInt32 = 0
        var pid: Int32 = 0
        var onDeath: [@Sendable () -> Void] = []
        var isStopping = false
        var watch: HelperWatch?
        /// Waits for the answer to FREEZE, by slot.
        var freezes: [UInt32: CheckedContinuation<FreezeAnswer, Never>] = [:]
    }

    let logger: Logger
    /// The supervisor, which outlives spawners.
    let supervisor: OwnedDescriptor
    /// Nil when it is the warden's child.
    let supervisorPID: Int32?
    let warden: Warden?
    let host: HostEnvironment
    /// Whether the firewall's table was loaded; held while it is.
    let isFirewallLoaded = Mutex(false)
    let state = Mutex(Storage())

    /// Starts the helper and waits until it has probed the host (bounded; blocks the calling thread).
    ///
    /// - Parameters:
    ///   - dataDirectory: DATA; only `DATA/rootfs` is visible to the helper afterwards, and must exist.
    ///   - logger: gets a line for each feature that the host lacks.
    /// - Throws: ``SandboxError`` when the helper cannot start or the host lacks what it needs.
    package convenience init(dataDirectory: String, logger: Logger) throws(SandboxError) {
        try self.init(host: HostEnvironment(dataDirectory: dataDirectory), logger: logger)
    }

    /// As the other initializer, on a host that is known already.
    init(host: HostEnvironment, logger: Logger) throws(SandboxError) {
        self.logger = logger
        self.host = host
        let program = try SpawnerProgram.open()
        let (ours, theirs) = try OwnedDescriptor.packetPair().split()
        supervisor = OwnedDescriptor(owning: ours)
        let remote = OwnedDescriptor(owning: theirs)
        let child = csandbox_spawn(CSANDBOX_SUPERVISOR_NAME, program.raw, remote.raw)
        guard child > 0 else { throw .system(call: "posix_spawn", errorNumber: -child) }
        supervisorPID = child
        warden = nil
        do throws(SandboxError) { try start() } catch {
            abandon()
            throw error
        }
    }

    /// As the first initializer, for a gateway that has given up its privileges: the warden starts the helper.
    package init(warden: Warden, logger: Logger) throws(SandboxError) {
        self.logger = logger
        host = warden.host
        self.warden = warden
        let (ours, theirs) = try OwnedDescriptor.packetPair().split()
        supervisor = OwnedDescriptor(owning: ours)
        let remote = OwnedDescriptor(owning: theirs)
        supervisorPID = nil
        try warden.supervise(remote.raw)
        close(remote.take())
        do throws(SandboxError) { try start() } catch {
            abandon()
            throw error
        }
    }

    /// Starts a new spawner after the last one died; the supervisor does it, so this process needs no privileges.
    ///
    /// Blocks the calling thread, bounded by ``startTimeoutMilliseconds``.
    ///
    /// - Throws: ``SandboxError`` when the supervisor is gone too or the new spawner cannot start.
    package func restart() throws(SandboxError) { try start() }

    /// Makes a slot for one function; it serves sandboxes of that plan only.
    ///
    /// - Parameters:
    ///   - plan: the configuration of its sandboxes.
    ///   - sharesEmptyNetwork: whether the slot shares the empty network until its first sandbox is released: it
    ///     needs little more than half the memory, and its first call takes about a millisecond longer. Not for plans
    ///     with egress, a terminal, mounts or a layer.
    ///   - preparesNext: whether the slot makes its first sandbox without a request; ``Slot/makeSandbox(then:)``
    ///     returns it.
    ///   - copiesTemplate: whether the slot's sandboxes are copies of one process, which
    ///     ``Slot/makeTemplate(_:intake:)`` starts; not with the other two.
    /// - Returns: the slot.
    /// - Throws: ``SandboxError`` with step and errno.
    package func makeSlot(
        _ plan: SandboxPlan,
        sharesEmptyNetwork: Bool = false,
        preparesNext: Bool = false,
        copiesTemplate: Bool = false
    ) async throws(SandboxError) -> Slot {
        if plan.network == .egress { try await prepareEgress() }
        let trees = try await openTrees(plan.hostPlaces)
        let (control, remoteControl) = try OwnedDescriptor.packetPair().split()
        let ownControl = OwnedDescriptor(owning: control)
        let theirControl = OwnedDescriptor(owning: remoteControl)
        let (release, remoteRelease) = try OwnedDescriptor.packetPair().split()
        let ownRelease = OwnedDescriptor(owning: release)
        let theirRelease = OwnedDescriptor(owning: remoteRelease)
        let slot = register(
            control: ownControl,
            release: ownRelease,
            preparesNext: preparesNext,
            ProcessDefaults(plan)
        )
        do throws(SandboxError) {
            let order = try SlotOrder.make(
                plan,
                slot: slot.id,
                sharesEmptyNetwork: sharesEmptyNetwork,
                preparesNext: preparesNext,
                copiesTemplate: copiesTemplate,
                rootfsDirectory: host.rootfsDirectory,
                resolver: host.resolver
            )
            var files: [Int32] = []
            defer { for file in files { close(file) } }
            if !plan.secrets.isEmpty { files.append(try SlotFiles.secrets(plan.secrets).take()) }
            if !plan.mounts.isEmpty { files.append(try SlotFiles.mounts(of: plan).take()) }
            let descriptors = [theirControl.raw, theirRelease.raw] + files + trees.raw
            try await slot.waitUntilBuilt { () throws(SandboxError) in
                try send(order, descriptors: descriptors)
            }
        } catch {
            forget(slot.id)
            egressFailed(error)
            throw error
        }
        return slot
    }

    private func register(
        control: consuming OwnedDescriptor,
        release: consuming OwnedDescriptor,
        preparesNext: Bool,
        _ defaults: ProcessDefaults
    ) -> Slot {
        let id = state.withLock { state in
            state.lastSlot += 1
            return state.lastSlot
        }
        let slot = Slot(
            id: id,
            control: control,
            release: release,
            preparesNext: preparesNext,
            defaults: defaults
        )
        state.withLock { $0.slots[id] = slot }
        return slot
    }

    private func forget(_ id: UInt32) { state.withLock { _ = $0.slots.removeValue(forKey: id) } }

    private func send(_ order: csandbox_make_slot, descriptors: [Int32]) throws(SandboxError) {
        let socket = state.withLock { $0.socket }
        guard socket >= 0 else { throw .gone("the spawner") }
        try Packet.send(order, to: socket, descriptors: descriptors)
    }

    /// Whether containers may have a network on this host; else why not, and what to do.
    package var egressRefusal: String? {
        let isThere = state.withLock { $0.features & UInt32(CSANDBOX_FEATURE_EGRESS.rawValue) != 0 }
        return isThere ? nil : egressAdvice
    }

    /// Asks for slots built ahead of need, which makes a function's first call quick.
    package func keepSpares(_ count: Int) {
        let message = csandbox_command(
            header: csandbox_header(kind: UInt32(CSANDBOX_SPARE.rawValue), slot: 0),
            value: Int32(clamping: count),
            sandbox: 0
        )
        let socket = state.withLock { $0.socket }
        guard socket >= 0 else { return }
        do throws(SandboxError) { try Packet.send(message, to: socket) } catch {
            logger.warning("no spare slots", metadata: ["error": "\(error)"])
        }
    }

    /// Calls back each time the helper process has died; every slot is gone then.
    package func onDeath(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.onDeath.append(action) }
    }
}

extension Spawner: ReactorSource {
    func ready(_ role: ReactorRole, readiness: UInt32) {
        let socket = state.withLock { $0.socket }
        guard socket >= 0 else { return }
        Packet.receive(from: socket) { received in
            switch received {
            case .nothing: break
            case .end: died()
            case .packet(let kind, let bytes, let descriptors):
                descriptors.forEach { close($0) }
                handle(kind, bytes)
            }
        }
    }

    private func handle(_ kind: csandbox_kind, _ bytes: UnsafeRawBufferPointer) {
        guard let header = Packet.read(csandbox_header.self, bytes) else { return }
        let slot = state.withLock { state in
            kind == CSANDBOX_SLOT_GONE
                ? state.slots.removeValue(forKey: header.slot) : state.slots[header.slot]
        }
        switch kind {
        case CSANDBOX_SLOT_GONE:
            let oomKills = Packet.read(csandbox_slot_gone.self, bytes)?.oom_kills ?? 0
            slot?.reaped(oomKilled: oomKills > 0)
        case CSANDBOX_SLOT_FAILED:
            guard let message = Packet.read(csandbox_outcome.self, bytes) else { return }
            slot?.lost(Packet.setupError(message.step, message.error))
        case CSANDBOX_FREEZE:
            guard let message = Packet.read(csandbox_outcome.self, bytes) else { return }
            frozen(header.slot, .outcome(step: message.step, error: message.error))
        case CSANDBOX_PING: state.withLock { $0.watch }?.answered()
        default: break
        }
    }

    /// Its socket has ended, or nothing of it can be reached: everything it had is lost.
    func died() {
        let (slots, actions, socket, token, isStopping, watch) = state.withLock { state in
            let taken = (
                Array(state.slots.values), state.onDeath, state.socket, state.token, state.isStopping,
                state.watch
            )
            state.watch = nil
            state.slots = [:]
            state.socket = -1
            state.token = nil
            return taken
        }
        if let token { Reactor.shared.remove(token, descriptor: socket) }
        if socket >= 0 { close(socket) }
        watch?.end()
        for slot in state.withLock({ Array($0.freezes.keys) }) { frozen(slot, .none) }
        for slot in slots { slot.lost(.gone("the spawner")) }
        guard !isStopping else { return }
        logger.error("the spawner died and all its containers with it")
        for action in actions { action() }
    }
}
