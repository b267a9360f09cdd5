// SPDX-License-Identifier: Apache-2.0
// Where the compiler's proof of data-race safety is switched off, a comment gives a person's proof.

enum SafetyComments {
    /// How far above the mark its reason may begin.
    static let linesAbove = 4
    private static let marks = ["@unchecked Sendable", "nonisolated(unsafe)"]
    private static let reason = "SAFETY:"

    /// Marks without a reason in the lines above.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        var found: [Violation] = []
        for (index, line) in file.code.enumerated() {
            for mark in marks where line.contains(mark) {
                let first = max(0, index - linesAbove)
                guard !file.lines[first...index].contains(where: { $0.contains(reason) }) else { continue }
                found.append(
                    Violation(
                        path: file.path,
                        line: index + 1,
                        message: "\(mark) needs a // \(reason) comment"
                    )
                )
            }
        }
        return found
    }
}
