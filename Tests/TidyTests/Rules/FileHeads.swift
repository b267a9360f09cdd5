// SPDX-License-Identifier: Apache-2.0
// Every source file names its licence first, and C stays in the rooms that need it.

enum FileHeads {
    static let licence = "SPDX-License-Identifier: Apache-2.0"
    static let cRooms: Set<String> = ["CSpawner", "CSandbox"]
    /// A system library's header: macros and variadics that Swift cannot see.
    static let shimName = "shim.h"

    /// Swift, C, headers and scripts whose first line (after a `#!` or tools version) is not the licence.
    static func licenceViolations(in file: SourceFile) -> [Violation] {
        guard isSource(file) else { return [] }
        let first = file.lines.first ?? ""
        let isPreamble = first.hasPrefix("#!") || first.hasPrefix("// swift-tools-version")
        let line = isPreamble ? file.lines.dropFirst().first ?? "" : first
        return line.contains(licence)
            ? []
            : [Violation(path: file.path, line: isPreamble ? 2 : 1, message: "has to say '\(licence)' here")]
    }

    /// C below Sources outside its two rooms.
    static func cViolations(in file: SourceFile) -> [Violation] {
        guard file.isC, let room = file.room, !cRooms.contains(room), file.name != shimName else { return [] }
        return [Violation(path: file.path, line: 0, message: "C belongs in CSpawner or CSandbox")]
    }

    private static func isSource(_ file: SourceFile) -> Bool {
        if file.isSwift || file.isC || file.path.hasSuffix(".py") || file.path.hasSuffix(".sh") {
            return true
        }
        return !file.name.contains(".") && file.lines.first?.hasPrefix("#!") == true
    }
}
