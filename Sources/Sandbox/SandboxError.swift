// SPDX-License-Identifier: Apache-2.0
// Typed errors of the Sandbox room; text is made here once.

/// Why a slot or sandbox could not be made or used.
package enum SandboxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A step of the set-up failed in the kernel; `step` is the name from the wire contract.
    case setup(step: String, errorNumber: Int32)
    /// The spawner or slot is gone.
    case gone(String)
    /// The host lacks what the plan needs.
    case unsupported(String)
    /// argv and environment together exceed what one release message can carry.
    case commandTooLarge(bytes: Int, max: Int)
    /// A system call of the gateway itself failed.
    case system(call: String, errorNumber: Int32)

    package var description: String {
        switch self {
        case .setup(let step, let errorNumber): "container set-up failed at '\(step)': errno \(errorNumber)"
        case .gone(let what): "\(what) is gone"
        case .unsupported(let what): "not supported on this host: \(what)"
        case .commandTooLarge(let bytes, let max):
            "arguments and environment take \(bytes) bytes, at most \(max) fit"
        case .system(let call, let errorNumber): "\(call) failed: errno \(errorNumber)"
        }
    }
}
