// SPDX-License-Identifier: Apache-2.0
// The end of this process, without destructors of the C library. Faasctl.swift ends every command with it.

import Foundation

enum ProcessEnd {
    /// Ends the process at once, with what is buffered written.
    ///
    /// exit(3) runs the destructors of every library, among them those of tables that other threads still use: event
    /// loops, the cooperative pool and dispatch's threads live to the last moment, and would crash.
    static func exit(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}
