// SPDX-License-Identifier: Apache-2.0
// The output of commands: writes whole buffers to standard output and error; colour on terminals only.

import Foundation

/// One of the process's two output streams.
enum Terminal: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes all bytes; blocks while the reader is slow.
    ///
    /// - Throws: ``CommandFailure`` when the reader has closed or the disk is full.
    func write(_ bytes: some Collection<UInt8>) throws(CommandFailure) {
        var rest = ContiguousArray(bytes)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { unsafe Foundation.write(rawValue, $0.baseAddress, $0.count) }
            if written < 0 {
                let errorNumber = errno
                guard errorNumber == EINTR else {
                    throw CommandFailure("cannot write the output", why: systemMessage(errorNumber))
                }
            } else {
                rest = rest.dropFirst(written)
            }
        }
    }

    /// Writes a line.
    func line(_ text: String) throws(CommandFailure) { try write((text + "\n").utf8) }

    /// Writes a remark; a closed standard error does not fail the command.
    func remark(_ text: String) {
        // A closed standard error cannot be reported.
        try? line(text)
    }

    /// Whether it is a terminal.
    var isInteractive: Bool { isatty(rawValue) == 1 }

    /// Characters of a terminal's line; nil for other outputs.
    var columnsShown: Int? {
        isInteractive ? columns : nil
    }

    /// Whether to use colour: on a terminal, unless NO_COLOR is set to anything (no-color.org).
    var hasColour: Bool {
        guard isInteractive, ProcessInfo.processInfo.environment["TERM"] != "dumb" else { return false }
        return (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }
}

/// The system's text for an error number, in lower case for use inside a sentence.
func systemMessage(_ errorNumber: Int32) -> String {
    guard let text = unsafe strerror(errorNumber) else { return "error \(errorNumber)" }
    let message = unsafe String(cString: text)
    return message.prefix(1).lowercased() + message.dropFirst()
}
