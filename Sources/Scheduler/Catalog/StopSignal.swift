// SPDX-License-Identifier: Apache-2.0
// An image's STOPSIGNAL as a number. FunctionPreparer asks.

import Glibc

/// Names of signals, as a Dockerfile writes them.
enum StopSignal {
    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ABRT": SIGABRT, "KILL": SIGKILL, "USR1": SIGUSR1,
        "USR2": SIGUSR2, "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM, "CONT": SIGCONT, "TSTP": SIGTSTP,
        "WINCH": SIGWINCH, "PWR": SIGPWR,
    ]

    /// Offset of `RTMIN+n` on Linux with glibc: the two below belong to the C library.
    private static let realTimeMin: Int32 = 34
    private static let signalMax: Int32 = 64

    /// The number of `SIGQUIT`, `quit`, `3` or `RTMIN+3`.
    ///
    /// SIGTERM when none is given or the name is unknown, as Docker has it.
    static func number(_ text: String?) -> Int32 {
        guard let text, !text.isEmpty else { return SIGTERM }
        if let number = Int32(text) { return (1...signalMax).contains(number) ? number : SIGTERM }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if name.hasPrefix("RTMIN"), let offset = name == "RTMIN" ? 0 : Int32(name.dropFirst(5)) {
            let number = realTimeMin + offset
            return (realTimeMin...signalMax).contains(number) ? number : SIGTERM
        }
        return numbers[name] ?? SIGTERM
    }
}
