// SPDX-License-Identifier: Apache-2.0
// Calls and marks that the tree does without, and what to do instead.

enum ForbiddenCode {
    /// Found in code, not in comments or strings.
    static let calls: [(text: String, instead: String)] = [
        ("print(", "log, or write to the command's output"),
        ("debugPrint(", "log"),
        ("try!", "throw the error to a caller that can report it"),
        ("fatalError(", "throw; a gateway does not die of one request"),
        (".disabled(", "mend the test, or take it out"),
    ]

    /// Found anywhere, also in comments: put together here so that this file does not hold them.
    static let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]

    /// Calls that must not be made.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        var found: [Violation] = []
        for (index, line) in file.code.enumerated() {
            for call in calls where line.containsCall(call.text) {
                found.append(
                    Violation(path: file.path, line: index + 1, message: "\(call.text): \(call.instead)")
                )
            }
        }
        return found
    }

    /// Marks of work left undone.
    static func markViolations(in file: SourceFile) -> [Violation] {
        guard file.path != "LICENSE" else { return [] }
        var found: [Violation] = []
        for (index, line) in file.lines.enumerated() {
            for mark in marks where line.contains(mark) && line.words.contains(mark) {
                found.append(
                    Violation(path: file.path, line: index + 1, message: "\(mark): do it or drop it")
                )
            }
        }
        return found
    }
}
