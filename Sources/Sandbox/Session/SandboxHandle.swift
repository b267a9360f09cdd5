// SPDX-License-Identifier: Apache-2.0
// A slot and a sandbox as their users see them, so that tests put fakes in their place.

package import FunctionModel
package import NIOCore

/// One slot.
package protocol SlotHandle: Sendable {
    /// Makes a sandbox and calls `then` once, on a thread that must not be blocked; does not block itself.
    func sandbox(then: @escaping @Sendable (Result<any SandboxHandle, SandboxError>) -> Void)

    /// Kills what runs in it and gives everything back; does not wait; idempotent.
    func retire()
}

/// One container; ``WarmSandbox`` says the order of calls.
package protocol SandboxHandle: Sendable {
    /// Lets PID 1 execute; see ``WarmSandbox/release(_:preparesNext:onStandardError:)``.
    func release(
        _ command: SandboxCommand,
        preparesNext: Bool,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError)

    /// Lets PID 1 execute before its invocation is known; see ``WarmSandbox/start(_:onStandardError:)``.
    func start(
        _ command: SandboxCommand,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError)

    /// Makes the started program an invocation's; see ``WarmSandbox/assign(preparesNext:)``.
    func assign(preparesNext: Bool) throws(SandboxError)

    /// Connects to a TCP port of its 127.0.0.1; see ``WarmSandbox/dial(port:)``.
    func dial(port: UInt16) async throws(SandboxError) -> OwnedDescriptor

    /// Makes a UDP socket to a port of its 127.0.0.1; see ``WarmSandbox/dialDatagrams(port:)``.
    func dialDatagrams(port: UInt16) async throws(SandboxError) -> OwnedDescriptor

    /// Listens on a TCP port of its 127.0.0.1; see ``WarmSandbox/listen(port:)``.
    func listen(port: UInt16) async throws(SandboxError) -> OwnedDescriptor

    /// Connects to a TCP port of one of its addresses; see ``WarmSandbox/dial(port:at:from:)``.
    func dial(port: UInt16, at address: LinkAddress, from source: LinkAddress) async throws(SandboxError)
        -> OwnedDescriptor

    /// Listens for connections to other containers; see ``WarmSandbox/listenForLinks()``.
    func listenForLinks() async throws(SandboxError) -> OwnedDescriptor

    /// Opens its /etc/hosts for writing; see ``WarmSandbox/openHosts()``.
    func openHosts() async throws(SandboxError) -> OwnedDescriptor

    /// Changes its addresses while it runs; see ``WarmSandbox/setLinks(_:)``.
    func setLinks(_ links: [LinkAddress]) async throws(SandboxError)

    /// Opens its /proc while it runs; see ``WarmSandbox/openProcesses()``.
    func openProcesses() async throws(SandboxError) -> OwnedDescriptor

    /// Makes a file in its root before the release; see ``WarmSandbox/createFile(_:mode:)``.
    func createFile(_ path: String, mode: UInt32) async throws(SandboxError) -> OwnedDescriptor

    /// Keeps its root after its end; see ``WarmSandbox/holdRoot()``.
    func holdRoot()

    /// Opens a file of its held root after its end; see ``WarmSandbox/openFile(_:)``.
    func openFile(_ path: String) async throws(SandboxError) -> OwnedDescriptor

    /// Does something with a path of it while it runs; see ``WarmSandbox/liveFile(_:_:)``.
    func liveFile(_ action: LiveFileAction, _ path: String) async throws(SandboxError) -> OwnedDescriptor

    /// What a process that enters it has by default; see ``WarmSandbox/defaults``.
    var defaults: ProcessDefaults { get }

    /// Lets another process enter it; see ``WarmSandbox/enter(_:onStandardError:)``.
    func enter(
        _ plan: ProcessPlan,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) async throws(SandboxError) -> any SandboxHandle

    /// Suspends until a process that entered has executed or ended; see ``WarmSandbox/executed()``.
    func executed() async -> ExitReport?

    /// What it uses now; see ``WarmSandbox/usage()``.
    func usage() async -> ContainerUsage?

    /// Distinguishes it from every other sandbox of this gateway.
    var name: String { get }

    /// Writes to stdin, suspending while the pipe is full; false when the function reads no more.
    func write(_ bytes: ByteBuffer) async -> Bool

    /// Ends stdin; idempotent.
    func closeInput()

    /// Suspends until exit, or until more than `limit` bytes of stdout have come.
    func collect(upTo limit: Int) async -> WarmSandbox.Collected

    /// The next piece of stdout, nil at its end; nothing is read while it is not called.
    func nextOutput() async -> ByteBuffer?

    /// See ``WarmSandbox/unassign()``.
    func unassign()

    /// Suspends until PID 1 has exited and was reaped.
    func exit() async -> ExitReport

    /// Sends a signal to PID 1; no effect after exit.
    func signal(_ number: Int32)

    /// SIGKILL to PID 1, and with it to every process of the container.
    func kill()

    /// Calls `action` once when it ends without having been released, with the reason; at once when it has already.
    func whenUnused(_ action: @escaping @Sendable (String) -> Void)

    /// Sets the size of its terminal; no effect without one.
    func resizeTerminal(rows: UInt16, columns: UInt16)

    /// Whether stderr is left in its pipe, which slows the function down.
    func holdErrors(_ isHeld: Bool)
}

extension Slot: SlotHandle {
    /// As ``makeSandbox(then:)``.
    package func sandbox(then: @escaping @Sendable (Result<any SandboxHandle, SandboxError>) -> Void) {
        makeSandbox { then($0.map { $0 }) }
    }
}

extension WarmSandbox: SandboxHandle {}
