// SPDX-License-Identifier: Apache-2.0
// Signals by name, as Dockerfiles and people write them. The numbers are those of Linux on x86 and ARM.

/// Numbers of signals.
package enum SignalNumber {
    /// The last one of Linux.
    package static let max: Int32 = 64

    private static let numbers: [String: Int32] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8,
        "KILL": 9,
        "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17,
        "CLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24,
        "XFSZ": 25,
        "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
    ]

    /// Bounds of `RTMIN+n` and `RTMAX-n` with glibc: the two below belong to the C library.
    private static let realTime: ClosedRange<Int32> = 34...max

    /// The number of `SIGQUIT`, `quit`, `3`, `RTMIN+3` or `RTMAX-1`; nil for anything else.
    package static func of(_ text: String) -> Int32? {
        if let number = Int32(text) { return (1...max).contains(number) ? number : nil }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        return numbers[name] ?? realTime(name)
    }

    private static func realTime(_ name: String) -> Int32? {
        let isMin = name.hasPrefix("RTMIN")
        guard isMin || name.hasPrefix("RTMAX") else { return nil }
        let base = isMin ? realTime.lowerBound : realTime.upperBound
        let rest = name.dropFirst(5)
        if rest.isEmpty { return base }
        guard rest.first == (isMin ? "+" : "-"), let offset = UInt8(rest.dropFirst()) else { return nil }
        let number = base + (isMin ? Int32(offset) : -Int32(offset))
        return realTime.contains(number) ? number : nil
    }
}
