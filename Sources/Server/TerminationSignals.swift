// SPDX-License-Identifier: Apache-2.0
// Signals that end a gateway are caught from the process's first moment: Faasctl.swift begins, SignalWatch takes
// them.

import Foundation
import Glibc

/// Caught, not blocked: dispatch's main thread takes every signal, also one that was blocked before.
package enum TerminationSignals {
    /// Whether a terminal that is closed could have sent SIGHUP.
    static var hasTerminal: Bool {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    /// SIGTERM from service managers, SIGINT from a terminal's keys, SIGHUP from a terminal that is closed.
    static let all = [SIGTERM, SIGINT, SIGHUP].filter { $0 != SIGHUP || !isHangupIgnored }

    /// Read and write end of the pipe between the handler and the waiter.
    ///
    /// SAFETY: written once by ``hold()``, before the first handler is installed and a second thread is made.
    nonisolated(unsafe) private static var ends: (read: Int32, write: Int32) = (-1, -1)

    /// Keeps them in a pipe until they are read, so that they interrupt no operation.
    ///
    /// Call it before the process has a second thread; again is harmless.
    package static func hold() {
        guard unsafe ends.read < 0 else { return }
        var pair: [Int32] = [-1, -1]
        guard unsafe pipe(&pair) == 0 else { return }
        for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A handler must not wait for its reader.
        _ = fcntl(pair[1], F_SETFL, O_NONBLOCK)
        unsafe ends = (pair[0], pair[1])
        for number in all {
            signal(number) { number in
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                // A full pipe holds more signals than needed.
                _ = unsafe write(TerminationSignals.ends.write, &byte, 1)
                errno = saved
            }
        }
    }

    /// Takes the next one; blocks the calling thread.
    static func next() -> Int32 {
        var byte: UInt8 = 0
        while unsafe read(ends.read, &byte, 1) != 1 {
            // Without a pipe nothing is held, and signals have their usual effect.
            guard errno == EINTR else { while true { pause() } }
        }
        return Int32(byte)
    }

    /// One that has come and was not taken; nil when none has.
    package static var pending: Int32? {
        var source = unsafe pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&source, 1, 0) == 1 ? next() : nil
    }

    /// nohup(1) asks for it.
    private static var isHangupIgnored: Bool {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
        let digits = line?.dropFirst("SigIgn:".count).trimmingCharacters(in: .whitespaces)
        let mask = digits.flatMap { UInt64($0, radix: 16) } ?? 0
        return mask >> UInt64(SIGHUP - 1) & 1 == 1
    }
}
