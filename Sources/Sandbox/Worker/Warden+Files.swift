// SPDX-License-Identifier: Apache-2.0
// Files that only root can read, opened by the warden after the gateway gave up root: certificates and keys.

import CSandbox
import Glibc

extension Warden {
    /// Names a file while the gateway is root; the warden accepts no further one after its configuration.
    func pin(_ file: String) throws(SandboxError) {
        var order = csandbox_pin_file()
        order.header.kind = UInt32(CSANDBOX_PIN_FILE.rawValue)
        guard FixedText.copy(file, into: &order.path) else {
            throw .unsupported("a file's path of more than \(CSANDBOX_PATH_MAX - 1) bytes")
        }
        try Packet.send(order, to: socket.raw)
        try Self.awaitOutcome(CSANDBOX_PIN_FILE, on: socket.raw)
    }

    /// Opens one of the files that were named at the start, as it is now.
    ///
    /// Blocks for the warden's answer, at most ``workerTimeoutMilliseconds``.
    ///
    /// - Parameter path: as it was named.
    /// - Returns: a descriptor for reading, which the caller closes; nil for a file that was not named.
    /// - Throws: ``SandboxError`` with errno.
    package func openFile(_ path: String) throws(SandboxError) -> Int32? {
        guard let number = files.firstIndex(of: path) else { return nil }
        let command = csandbox_command(
            header: csandbox_header(kind: UInt32(CSANDBOX_OPEN_FILE.rawValue), slot: UInt32(number)),
            value: 0,
            sandbox: 0
        )
        let (ours, theirs) = try OwnedDescriptor.packetPair().split()
        let own = OwnedDescriptor(owning: ours)
        let remote = OwnedDescriptor(owning: theirs)
        try Packet.send(command, to: socket.raw, descriptors: [remote.raw])
        close(remote.take())
        var source = pollfd(fd: own.raw, events: Int16(POLLIN), revents: 0)
        var count: Int32
        repeat { count = poll(&source, 1, Self.workerTimeoutMilliseconds) } while count < 0 && errno == EINTR
        guard count == 1 else {
            throw .system(call: "open", errorNumber: ETIMEDOUT)
        }
        return try Packet.receive(from: own.raw) { received -> Result<Int32, SandboxError> in
            guard case .packet(_, let bytes, let descriptors) = received,
                let outcome = Packet.read(csandbox_outcome.self, bytes)
            else { return .failure(.gone("the warden")) }
            if outcome.step == 0, descriptors.count == 1 { return .success(descriptors[0]) }
            descriptors.forEach { close($0) }
            return .failure(.system(call: "open", errorNumber: outcome.error))
        }.get()
    }
}
