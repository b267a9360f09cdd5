// SPDX-License-Identifier: Apache-2.0
// Messages (csandbox_wire.h) sent and received as Swift values.

internal import CSandbox
import Glibc

/// What one receive call gave.
enum Received {
    case packet(kind: csandbox_kind, bytes: UnsafeRawBufferPointer, descriptors: [Int32])
    /// Nothing there now.
    case nothing
    /// The other end is gone.
    case end
}

enum Packet {
    /// Largest packet that any helper sends to the gateway.
    static let receivedBytesMax = Int(CSANDBOX_TO_GATEWAY_MAX)

    /// Sends one struct of the wire contract.
    ///
    /// Never blocks for long: these packets are few and small.
    static func send<Message>(_ message: Message, to socket: Int32, descriptors: [Int32] = [])
        throws(SandboxError)
    {
        let result = withUnsafeBytes(of: message) { bytes in
            csandbox_send(socket, bytes.baseAddress, bytes.count, descriptors, descriptors.count)
        }
        guard result == 0 else { throw failure(of: "send", -result) }
    }

    /// Sends one struct; sends nothing where the send would block or the peer is gone.
    static func sendNow<Message>(_ message: Message, to socket: Int32) {
        withUnsafeBytes(of: message) { bytes in
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            _ = Glibc.send(socket, bytes.baseAddress, bytes.count, flags)
        }
    }

    /// Receives one packet without waiting, and hands it to `body`; the bytes live no longer than that.
    ///
    /// Descriptors belong to `body`, which must take or close each.
    static func receive<Result>(from socket: Int32, _ body: (Received) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: receivedBytesMax, alignment: 16) { space in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: Int(CSANDBOX_DESCRIPTORS_MAX)) { taken in
                var count = taken.count
                let flags = Int32(MSG_DONTWAIT)
                let size = csandbox_receive(
                    socket,
                    space.baseAddress,
                    space.count,
                    taken.baseAddress,
                    &count,
                    flags
                )
                if size == -Int(EAGAIN) { return body(.nothing) }
                guard size >= MemoryLayout<csandbox_header>.size else { return body(.end) }
                let bytes = UnsafeRawBufferPointer(rebasing: space[..<size])
                let kind = csandbox_kind(bytes.loadUnaligned(as: csandbox_header.self).kind)
                return body(.packet(kind: kind, bytes: bytes, descriptors: Array(taken.prefix(count))))
            }
        }
    }

    static func failure(of call: String, _ errorNumber: Int32) -> SandboxError {
        errorNumber == EPIPE || errorNumber == ECONNRESET
            ? .gone("the spawner") : .system(call: call, errorNumber: errorNumber)
    }

    /// The struct at the beginning of a packet, nil when the packet is shorter.
    static func read<Message>(_ type: Message.Type, _ bytes: UnsafeRawBufferPointer) -> Message? {
        bytes.count >= MemoryLayout<Message>.size ? bytes.loadUnaligned(as: type) : nil
    }

    /// The set-up error in a message; a sandbox that ended without one was killed.
    static func setupError(_ step: UInt32, _ errorNumber: Int32) -> SandboxError {
        step == CSANDBOX_STEP_SANDBOX_RELEASE.rawValue && errorNumber == ECHILD
            ? .killedUnused
            : .setup(step: String(cString: csandbox_step_name(step)), errorNumber: errorNumber)
    }
}
