// SPDX-License-Identifier: Apache-2.0
// argv and environ as one packet.

import CSandbox
import FunctionModel
import Glibc

enum ReleaseMessage {
    /// Sends the command; nothing is copied twice.
    static func send(
        _ command: SandboxCommand,
        preparesNext: Bool,
        slot: UInt32,
        to socket: Int32
    ) throws(SandboxError) {
        let result = try CommandPacket.build(command) { arguments, variables in
            csandbox_release_head(
                header: csandbox_header(kind: UInt32(CSANDBOX_RELEASE.rawValue), slot: slot),
                argument_count: arguments,
                environment_count: variables,
                prepares_next: preparesNext ? 1 : 0
            )
        } then: {
            csandbox_send(socket, $0.baseAddress, $0.count, nil, 0)
        }
        guard result == 0 else { throw Packet.failure(of: "send", -result) }
    }
}

/// A head of the wire contract, followed by the strings of a command.
enum CommandPacket {
    /// Writes the packet and hands it over.
    ///
    /// - Parameters:
    ///   - command: arguments and environment.
    ///   - head: makes the head from the numbers of arguments and variables.
    ///   - then: gets the packet, which lives no longer than that.
    /// - Returns: what `then` returned.
    /// - Throws: ``SandboxError/commandTooLarge(bytes:max:)``.
    static func build<Head>(
        _ command: SandboxCommand,
        head: (_ arguments: UInt32, _ variables: UInt32) -> Head,
        then: (UnsafeMutableRawBufferPointer) -> Int32
    ) throws(SandboxError) -> Int32 {
        let headBytes = MemoryLayout<Head>.size
        let strings =
            command.arguments.reduce(0) { $0 + $1.utf8.count + 1 }
            + command.environment.reduce(0) { $0 + $1.utf8.count + 1 }
            + command.byteEnvironment.reduce(0) { $0 + $1.count + 1 }
        let stringsMax = Int(CSANDBOX_STRINGS_MAX)
        let variables = command.environment.count + command.byteEnvironment.count
        let pointers = command.arguments.count + variables
        guard strings <= stringsMax, pointers <= Int(CSANDBOX_POINTERS_MAX) else {
            throw .commandTooLarge(bytes: strings, max: stringsMax)
        }
        return withUnsafeTemporaryAllocation(byteCount: headBytes + strings, alignment: 8) { space in
            withUnsafeBytes(of: head(UInt32(command.arguments.count), UInt32(variables))) {
                space.copyMemory(from: $0)
            }
            var place = headBytes
            for text in command.arguments { place = append(text, to: space, at: place) }
            for text in command.environment { place = append(text, to: space, at: place) }
            for bytes in command.byteEnvironment {
                space[place..<place + bytes.count].copyBytes(from: bytes)
                space[place + bytes.count] = 0
                place += bytes.count + 1
            }
            return then(space)
        }
    }

    private static func append(_ text: String, to space: UnsafeMutableRawBufferPointer, at place: Int) -> Int
    {
        var text = text
        let size = text.withUTF8 { bytes in
            UnsafeMutableRawBufferPointer(rebasing: space[place...]).copyMemory(
                from: UnsafeRawBufferPointer(bytes)
            )
            return bytes.count
        }
        space[place + size] = 0
        return place + size + 1
    }
}

extension ExitReport {
    /// From the helper's message.
    ///
    /// - Parameters:
    ///   - message: as it came.
    ///   - start: when it was assigned, CLOCK_MONOTONIC, in nanoseconds; when it was started if it never was.
    init(_ message: csandbox_exit, countingFrom start: Int64) {
        let ending: Ending
        if message.step == UInt32(CSANDBOX_STEP_SANDBOX_EXEC.rawValue) {
            ending = .execFailed(errorNumber: message.error)
        } else if message.step != 0 {
            ending = .lost(reason: Packet.setupError(message.step, message.error).description)
        } else {
            ending = Self.ending(message.wait_status)
        }
        self.init(ending: ending)
        missingInterpreter = FixedText.text(of: message.interpreter)
        oomKilled = message.oom_kills > 0
        if message.limits_reached & UInt32(CSANDBOX_LIMIT_PIDS.rawValue) != 0 { limitsReached.append(.pids) }
        if message.limits_reached & UInt32(CSANDBOX_LIMIT_DISK.rawValue) != 0 { limitsReached.append(.disk) }
        userTimeMicroseconds = message.user_time_us
        systemTimeMicroseconds = message.system_time_us
        peakMemoryBytes = Int(message.max_rss_bytes)
        startNanoseconds = max(0, message.exec_at_ns - start)
        waitedForSetUp = message.ready_at_ns > start
    }
}

extension ExitReport {
    /// Of a process that entered a container.
    init(_ message: csandbox_entered_exit) {
        self.init(ending: Self.ending(message.wait_status))
        userTimeMicroseconds = message.user_time_us
        systemTimeMicroseconds = message.system_time_us
        peakMemoryBytes = Int(message.max_rss_bytes)
    }

    /// Of a process that did not execute.
    init(_ failure: csandbox_enter_failure) {
        if failure.step == UInt32(CSANDBOX_STEP_SANDBOX_EXEC.rawValue) {
            self.init(ending: .execFailed(errorNumber: failure.error))
            missingInterpreter = FixedText.text(of: failure.interpreter)
        } else {
            let error = SandboxError(entering: failure.step, failure.error)
            self.init(ending: .notStarted(reason: error.description))
        }
    }

    private static func ending(_ status: Int32) -> Ending {
        status & 0x7f == 0 ? .exited(code: (status >> 8) & 0xff) : .signalled(status & 0x7f)
    }
}
