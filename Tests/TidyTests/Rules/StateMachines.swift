// SPDX-License-Identifier: Apache-2.0
// Files named *State.swift decide; they get time, chance and waiting as parameters.

enum StateMachines {
    private static let forbidden = [
        "Date()", "Date.now", "ContinuousClock()", "SuspendingClock()", "ContinuousClock.now",
        "ContinuousClock.Instant.now", ".now()", "NIODeadline.now", "Task.sleep", "Task {", "Task.detached",
        "sleep(", "usleep(", "nanosleep(", "clock_gettime(", "gettimeofday(", "UUID()", "arc4random",
        "SystemRandomNumberGenerator", ".random(in:", ".randomElement()", ".shuffled()", "await ", "async ",
    ]

    /// Suffixes of types that act, wait or hold something of the system.
    private static let resources = [
        "Continuation", "Task", "Channel", "Descriptor", "Pipe", "Promise", "EventLoop", "FileHandle",
        "Mutex",
        "Atomic", "Thread",
    ]

    /// Continuations, tasks, channels and descriptors in types whose name ends with `State`, in whatever file, and
    /// in their generic arguments.
    static func resources(in file: SourceFile) -> [Violation] {
        guard file.isSwift, file.room != nil else { return [] }
        var found: [Violation] = []
        var depth = 0
        /// The depth outside the state machine that the line belongs to.
        var outside: Int?
        for (index, line) in file.code.enumerated() {
            if outside == nil, declaresState(line) { outside = depth }
            let text = outside == nil ? genericArguments(line) : line
            for word in text.words where isResource(word) || word == "descriptor" && text.contains(": Int32")
            {
                let message = "\(word) in a state machine: its driver holds it"
                found.append(Violation(path: file.path, line: index + 1, message: message))
            }
            for byte in line.utf8 {
                if byte == Ascii.openBrace { depth += 1 }
                if byte == Ascii.closeBrace { depth -= 1 }
            }
            // A declaration's brace may be in a later line.
            if let start = outside, depth <= start, line.utf8.contains(Ascii.closeBrace) { outside = nil }
        }
        return found
    }

    private static func declaresState(_ line: String) -> Bool {
        let words = line.words
        guard
            let index = words.firstIndex(where: {
                ["struct", "class", "enum", "actor", "extension"].contains($0)
            })
        else { return false }
        // An extension's type may be nested: `extension WarmSandbox.State`.
        let name = words.dropFirst(index + 1)
        let isExtension = words[index] == "extension"
        return
            (isExtension ? name.prefix(3).contains { $0.hasSuffix("State") } : name.first?.hasSuffix("State"))
            ?? false
    }

    /// What stands behind `State<` in a line.
    private static func genericArguments(_ line: String) -> String {
        let parts = line.split(separator: "State<", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count > 1 ? String(parts[1]) : ""
    }

    private static func isResource(_ word: String) -> Bool { resources.contains { word.hasSuffix($0) } }

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
