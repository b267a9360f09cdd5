// SPDX-License-Identifier: Apache-2.0
// The terminal of this process: its size, and its raw mode for the container.

import Foundation
import Synchronization

/// The terminal on standard input and output.
enum TerminalMode {
    /// The settings before raw mode; nil outside raw mode.
    private static let saved = Mutex<termios?>(nil)

    /// Begins raw mode: every key is passed on, also Ctrl-C; no effect without a terminal.
    static func makeRaw() {
        var mode = termios()
        guard tcgetattr(STDIN_FILENO, &mode) == 0 else { return }
        let before = mode
        saved.withLock { $0 = before }
        cfmakeraw(&mode)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    }

    /// Restores the settings; idempotent.
    static func restore() {
        guard var mode = saved.withLock({ $0.take() }) else { return }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    }

    /// Rows and columns; nil without a terminal.
    static func size() -> (rows: UInt16, columns: UInt16)? {
        var size = winsize()
        for descriptor in [STDOUT_FILENO, STDIN_FILENO]
        where ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 0 {
            return (size.ws_row, size.ws_col)
        }
        return nil
    }
}
