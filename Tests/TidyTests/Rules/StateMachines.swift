// SPDX-License-Identifier: Apache-2.0
// Files named *State.swift decide; they get time, chance and waiting as parameters.

enum StateMachines {
    private static let forbidden = [
        "Date()", "Date.now", "ContinuousClock()", "SuspendingClock()", "ContinuousClock.now",
        "ContinuousClock.Instant.now", ".now()", "NIODeadline.now", "Task.sleep", "Task {", "Task.detached",
        "sleep(", "usleep(", "nanosleep(", "clock_gettime(", "gettimeofday(", "UUID()", "arc4random",
        "SystemRandomNumberGenerator", ".random(in:", ".randomElement()", ".shuffled()", "await ", "async ",
    ]

    /// Clocks, sleeps, randomness and suspension in a state machine.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift, file.room != nil, file.name.hasSuffix("State.swift") else { return [] }
        var found: [Violation] = []
        for (index, line) in file.code.enumerated() {
            for text in forbidden where line.contains(text) && !line.contains("using:") {
                found.append(
                    Violation(
                        path: file.path,
                        line: index + 1,
                        message: "\(text.trimmed) in a state machine: pass it in"
                    )
                )
            }
        }
        return found
    }
}
