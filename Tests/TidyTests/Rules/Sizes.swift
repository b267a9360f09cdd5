// SPDX-License-Identifier: Apache-2.0
// Hard stops for lengths: a file or function beyond them is two things.

enum Sizes {
    static let fileLinesMax = 400
    /// One screen.
    static let swiftFunctionLinesMax = 60
    /// C has no types that carry the thought, so its functions have to be shorter.
    static let cFunctionLinesMax = 40

    /// Files and functions that are too long.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift || file.isC else { return [] }
        var found: [Violation] = []
        if file.lines.count > fileLinesMax {
            found.append(
                Violation(
                    path: file.path,
                    line: 0,
                    message: "\(file.lines.count) lines, at most \(fileLinesMax)"
                )
            )
        }
        let spans =
            file.isSwift ? FunctionFinder.swiftFunctions(in: file) : FunctionFinder.cFunctions(in: file)
        let max = file.isSwift ? swiftFunctionLinesMax : cFunctionLinesMax
        for span in spans where span.lineCount > max {
            found.append(
                Violation(
                    path: file.path,
                    line: span.firstLine,
                    message: "\(span.name) has \(span.lineCount) lines, at most \(max)"
                )
            )
        }
        return found
    }
}
