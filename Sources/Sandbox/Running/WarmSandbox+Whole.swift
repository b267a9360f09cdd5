// SPDX-License-Identifier: Apache-2.0
// A command from release to exit, for callers that want both outputs as they come and send nothing in.

import NIOCore

extension WarmSandbox {
    /// Runs a command to its end.
    ///
    /// - Parameters:
    ///   - command: what PID 1 executes; its stdin is empty.
    ///   - output: called with each piece of stdout, from any thread; must not block.
    ///   - errors: the same for stderr, at the same time perhaps.
    /// - Returns: how it ended; everything in the container is dead then.
    /// - Throws: ``SandboxError`` when the slot is gone or the command too large.
    package func run(
        _ command: SandboxCommand,
        output: @Sendable ([UInt8]) -> Void,
        errors: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(SandboxError) -> ExitReport {
        try release(command) { errors(Array(buffer: $0)) }
        closeInput()
        while let piece = await nextOutput() { output(Array(buffer: piece)) }
        return await exit()
    }
}
