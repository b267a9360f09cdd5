// SPDX-License-Identifier: Apache-2.0
// This process's own terminal: its size, and handing every key to the container.

import Foundation
import Synchronization

/// The terminal on standard input and output.
enum TerminalMode {
    /// How it was before; nil while it is as it was.
    private static let saved = Mutex<termios?>(nil)

    /// Hands every key over as it is, Ctrl-C too; no effect without a terminal.
    static func makeRaw() {
        var mode = termios()
        guard tcgetattr(STDIN_FILENO, &mode) == 0 else { return }
        let before = mode
        saved.withLock { $0 = before }
        cfmakeraw(&mode)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    }

    /// Makes it as it was; idempotent.
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
