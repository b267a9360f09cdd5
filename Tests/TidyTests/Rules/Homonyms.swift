// SPDX-License-Identifier: Apache-2.0
// One name, one concept: no two rooms declare a type of the same name at the top level of a file.

enum Homonyms {
    /// Names that more than one room may declare, each with the reason; none at present.
    static let allowed: [String: String] = [:]

    private static let kinds: Set<String> = ["class", "struct", "enum", "protocol", "actor", "typealias"]
    private static let modifiers: Set<String> = [
        "package", "public", "internal", "private", "fileprivate", "final", "indirect", "nonisolated",
    ]

    /// Top-level types whose name another room declares, too.
    ///
    /// Nested types are not compared: the type around them says what they belong to.
    static func violations(
        in files: [SourceFile],
        allowed: [String: String] = allowed
    ) -> [Violation] {
        var places: [String: [(room: String, path: String, line: Int)]] = [:]
        for file in files where file.isSwift {
            guard let room = file.room else { continue }
            for (index, line) in file.code.enumerated() {
                guard let name = declaredName(line), allowed[name] == nil else { continue }
                places[name, default: []].append((room, file.path, index + 1))
            }
        }
        return places.sorted { $0.key < $1.key }.flatMap { name, found -> [Violation] in
            let rooms = Set(found.map(\.room)).sorted()
            guard rooms.count > 1 else { return [] }
            return found.map { place in
                let message = "\(name) is a type of \(rooms.joined(separator: " and ")): rename one of them"
                return Violation(path: place.path, line: place.line, message: message)
            }
        }
    }

    /// The type that a line without indentation declares.
    private static func declaredName(_ line: String) -> String? {
        guard let first = line.first, first != " ", first != "}" else { return nil }
        let words = line.words
        guard let kind = words.firstIndex(where: { kinds.contains($0) }), kind + 1 < words.count else {
            return nil
        }
        guard words[..<kind].allSatisfy({ modifiers.contains($0) }) else { return nil }
        return words[kind + 1]
    }
}
