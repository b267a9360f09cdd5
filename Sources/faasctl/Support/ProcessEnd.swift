// SPDX-License-Identifier: Apache-2.0
// The end of this process, without destructors of the C library. Faasctl.swift ends every command with it.

import Foundation

enum ProcessEnd {
    /// Flushes buffers and ends the process at once.
    ///
    /// exit(3) runs the destructors of every library, also of tables that other threads still use: event
    /// loops, the cooperative pool and dispatch's threads run until the end, and would crash.
    static func exit(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}
