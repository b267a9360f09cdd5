// SPDX-License-Identifier: Apache-2.0
// Where the keys of a JSON body are, and which of them nothing reads. WireJSON asks after a body was decoded.

import FoundationEssentials
import FunctionModel

/// The places of the keys in one JSON text that is known to be well-formed.
struct JSONPlaces: Sendable {
    /// Counted from 1, the column in bytes.
    struct Place: Hashable, Sendable, CustomStringConvertible {
        var line: Int
        var column: Int

        var description: String { "line \(line), column \(column)" }
    }

    /// More keys than any body with an effect has: each costs time before anything refuses the request.
    static let keysMax = 16 << 10
    /// A longer path is no known field's; its places would take memory by depth times length.
    static let pathBytesMax = 1024

    /// By path, such as `mayfly.schedules[0].cron`.
    private(set) var places: [String: Place] = [:]
    /// What is wrong with the first key that is not known, comes twice or is one too many; nil when there is none.
    ///
    /// The walk ends with it.
    private(set) var mistake: String?

    private let bytes: [UInt8]
    private var position = 0
    private var keyCount = 0
    /// What is known of the lines up to here, so that no byte is looked at again for the place of another key.
    private var counted = 0
    private var line = 1
    private var lineStart = 0

    /// Walks through a text.
    ///
    /// - Parameters:
    ///   - bytes: decoded as JSON before, which also bounds its depth.
    ///   - keys: those that are known.
    init(_ bytes: some Sequence<UInt8>, keys: KeyTree) {
        self.bytes = Array(bytes)
        walk(keys, "")
    }

    /// A detail that begins with the place of the field, where the text has it.
    ///
    /// - Parameter error: names the field as function.yaml does, or as OpenFaaS does.
    /// - Returns: the error's text alone, where the text has no such field.
    func located(_ error: ModelError) -> String {
        var field = Substring(error.field)
        while !field.isEmpty {
            if let place = places["mayfly." + field] ?? places[String(field)] {
                return "\(place): \(error)"
            }
            field = field.prefix(upTo: field.lastIndex { $0 == "." || $0 == "[" } ?? field.startIndex)
        }
        return error.description
    }

    /// One value; `keys` is nil where any key may be.
    private mutating func walk(_ keys: KeyTree?, _ path: String) {
        skipSpace()
        guard mistake == nil, position < bytes.count else { return }
        switch bytes[position] {
        case UInt8(ascii: "{"): walkObject(keys, path)
        case UInt8(ascii: "["): walkArray(keys, path)
        case UInt8(ascii: "\""): _ = string()
        default: while position < bytes.count, !Self.endsWord(bytes[position]) { position += 1 }
        }
    }

    private mutating func walkObject(_ keys: KeyTree?, _ path: String) {
        var seen: Set<String> = []
        position += 1
        while mistake == nil {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { break }
            let place = placeHere()
            let key = string()
            keyCount += 1
            if keyCount > Self.keysMax { return note("\(place): more than \(Self.keysMax) keys") }
            let within = path.isEmpty ? "" : " in '\(path)'"
            if !seen.insert(key).inserted {
                return note("\(place): key '\(key.prefix(64))' comes twice\(within)")
            }
            let isShort = path.utf8.count + key.utf8.count < Self.pathBytesMax
            var whole = path
            if isShort {
                whole = path.isEmpty ? key : path + "." + key
                places[whole] = place
            }
            var inner: KeyTree?
            if case .object = keys {
                inner = keys?[key]
                if inner == nil { return note("\(place): unknown key '\(key.prefix(64))'\(within)") }
            }
            skip(UInt8(ascii: ":"))
            walk(inner, whole)
            skip(UInt8(ascii: ","))
        }
        position += 1
    }

    private mutating func walkArray(_ keys: KeyTree?, _ path: String) {
        var element: KeyTree?
        if case .list(let inner) = keys { element = inner }
        var index = 0
        position += 1
        while mistake == nil {
            skipSpace()
            guard position < bytes.count, bytes[position] != UInt8(ascii: "]") else { break }
            // Only what has keys within needs a path of its own.
            let hasKeys = bytes[position] == UInt8(ascii: "{") || bytes[position] == UInt8(ascii: "[")
            walk(element, hasKeys && path.utf8.count < Self.pathBytesMax ? "\(path)[\(index)]" : path)
            index += 1
            skip(UInt8(ascii: ","))
        }
        position += 1
    }

    /// A string's value; the position is behind it then.
    private mutating func string() -> String {
        let start = position
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position = min(position + 1, bytes.count)
        let quoted = bytes[start..<position]
        let plain = String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self)
        guard quoted.contains(UInt8(ascii: "\\")) else { return plain }
        // Well-formed as a whole, so that each string is.
        return (try? JSONDecoder().decode(String.self, from: Data(quoted))) ?? plain
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") || isSpace(byte)
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private mutating func skip(_ byte: UInt8) {
        skipSpace()
        if position < bytes.count, bytes[position] == byte { position += 1 }
    }

    private mutating func note(_ text: String) { mistake = mistake ?? text }

    private mutating func placeHere() -> Place {
        while counted < position {
            if bytes[counted] == UInt8(ascii: "\n") {
                line += 1
                lineStart = counted + 1
            }
            counted += 1
        }
        return Place(line: line, column: position - lineStart + 1)
    }
}
