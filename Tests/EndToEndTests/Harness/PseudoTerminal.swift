// SPDX-License-Identifier: Apache-2.0
// A real terminal for a program under test: what a person would see, and the keys that they would press.

import Foundation
import Glibc
import Synchronization

/// A program on a pseudo-terminal of its own.
final class PseudoTerminal: Sendable {
    private static let secondsMax = 30.0

    private let master: Int32
    private let text = Mutex("")
    let processID: Int32
    private let ending: Task<Int32, Never>
    /// TIOCSPTLCK and TIOCGPTN, which are macros that Swift does not see; the C library's functions neither.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// Starts a program with a terminal of this size.
    init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String],
        rows: UInt16,
        columns: UInt16
    ) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var unlock: Int32 = 0
        var number: UInt32 = 0
        guard master >= 0, ioctl(master, Self.setLock, &unlock) == 0,
            ioctl(master, Self.getNumber, &number) == 0
        else { throw HarnessError("no pseudo-terminal") }
        let slavePath = "/dev/pts/\(number)"
        Self.resize(master, rows, columns)
        let slave = FileHandle(fileDescriptor: open(slavePath, O_RDWR | O_NOCTTY), closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        (process.standardInput, process.standardOutput, process.standardError) = (slave, slave, slave)
        let (ends, continuation) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            continuation.yield(process.terminationStatus + (isSignal ? 128 : 0))
            continuation.finish()
        }
        try process.start()
        processID = process.processIdentifier
        ending = Task { await ends.first { _ in true } ?? -1 }
        Thread.detachNewThread { [weak self, master] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while case let count = read(master, &bytes, bytes.count), count > 0 {
                guard let self else { return }
                let piece = String(decoding: bytes.prefix(count), as: UTF8.self)
                self.text.withLock { $0 += piece }
            }
        }
    }

    /// Everything shown so far.
    var shown: String { text.withLock { $0 } }

    /// Whether the terminal echoes keys and gathers lines, as a shell leaves it.
    var isCooked: Bool {
        var mode = termios()
        return tcgetattr(master, &mode) == 0 && mode.c_lflag & tcflag_t(ICANON) != 0
            && mode.c_lflag & tcflag_t(ECHO) != 0
    }

    /// Waits until a text is shown; false when it does not come.
    func shows(_ wanted: String) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(Self.secondsMax)
        while ContinuousClock.now < deadline {
            if shown.contains(wanted) { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// Presses keys.
    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = write(master, bytes, bytes.count)
    }

    /// Drags the window's corner.
    func resize(rows: UInt16, columns: UInt16) {
        Self.resize(master, rows, columns)
        kill(processID, SIGWINCH)
    }

    private static func resize(_ master: Int32, _ rows: UInt16, _ columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Waits for the program's end; kills it after a while.
    func ended() async -> Int32 {
        let limit = Task { [processID] in
            try await Task.sleep(for: .seconds(Self.secondsMax))
            kill(processID, SIGKILL)
        }
        defer { limit.cancel() }
        return await ending.value
    }

    func close() { Glibc.close(master) }
}
