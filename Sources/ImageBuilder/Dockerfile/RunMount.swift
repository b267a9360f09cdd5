// SPDX-License-Identifier: Apache-2.0
// `RUN --mount=…`: the mounts of a step's container besides its root.

import FunctionModel

/// One mount of a RUN step; paths as written, variables not yet expanded.
package struct RunMount: Hashable, Sendable {
    /// The kind of the mount.
    package enum Kind: String, Hashable, Sendable, CaseIterable { case bind, cache, tmpfs, secret, ssh }
    /// The sharing mode of a cache.
    package enum Sharing: String, Hashable, Sendable, CaseIterable { case shared, `private`, locked }

    package var kind = Kind.bind
    /// The mount's path; nil for a secret at its default path.
    package var target: String?
    package var source: String?
    /// Stage or image that has the source; nil means the build context (an empty folder for a cache).
    package var from: String?
    package var id: String?
    package var readOnly: Bool?
    package var sharing = Sharing.shared
    package var required = false
    /// The environment variable with the secret's value.
    package var environmentName: String?
    package var mode: Int?
    package var uid: Int?
    package var gid: Int?
    package var sizeBytes: Int?

    init() {}

    /// Parses the comma-separated `key=value` list.
    init(_ text: String) throws(SyntaxFailure) {
        for field in text.split(separator: ",", omittingEmptySubsequences: true) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            try set(parts[0].lowercased(), to: parts.count == 2 ? parts[1] : nil, in: String(field))
        }
        try check(text)
    }

    private mutating func set(_ key: String, to value: String?, in field: String) throws(SyntaxFailure) {
        switch key {
        case "type": kind = try Self.choice(value, in: field)
        case "sharing": sharing = try Self.choice(value, in: field)
        case "target", "dst", "destination": target = try Self.text(value, in: field)
        case "source", "src": source = try Self.text(value, in: field)
        case "from": from = try Self.text(value, in: field)
        case "id": id = try Self.text(value, in: field)
        case "env": environmentName = try Self.text(value, in: field)
        case "ro", "readonly": readOnly = try Self.truth(value, in: field)
        case "rw", "readwrite": readOnly = try !Self.truth(value, in: field)
        case "required": required = try Self.truth(value, in: field)
        case "mode": mode = try Self.number(value, radix: 8, in: field)
        case "uid": uid = try Self.number(value, in: field)
        case "gid": gid = try Self.number(value, in: field)
        case "size": sizeBytes = try Self.size(value, in: field)
        default:
            let known = [
                "type", "target", "source", "from", "id", "env", "readonly", "rw", "sharing", "required",
                "mode",
                "uid", "gid", "size",
            ]
            throw SyntaxFailure(field, expected: "a key of --mount" + nearestHint(key, among: known))
        }
    }

    private func check(_ text: String) throws(SyntaxFailure) {
        if kind == .secret || kind == .ssh { return }
        guard target != nil else { throw SyntaxFailure("--mount=\(text)", expected: "target=PATH") }
        if kind == .tmpfs, source != nil || from != nil {
            throw SyntaxFailure("--mount=\(text)", expected: "no source or from with type=tmpfs")
        }
    }

    private static func text(_ value: String?, in field: String) throws(SyntaxFailure) -> String {
        guard let value, !value.isEmpty else { throw SyntaxFailure(field, expected: "a value after '='") }
        return value
    }

    private static func truth(_ value: String?, in field: String) throws(SyntaxFailure) -> Bool {
        switch value?.lowercased() {
        case nil, "true", "1": return true
        case "false", "0": return false
        default: throw SyntaxFailure(field, expected: "true or false")
        }
    }

    private static func number(_ value: String?, radix: Int = 10, in field: String) throws(SyntaxFailure)
        -> Int
    {
        guard let value, let number = Int(value, radix: radix), (0...Int(UInt32.max)).contains(number) else {
            throw SyntaxFailure(field, expected: radix == 8 ? "an octal number" : "a number")
        }
        return number
    }

    private static func size(_ value: String?, in field: String) throws(SyntaxFailure) -> Int {
        guard let value, let count = try? ByteCount(value, field: "size"), count.bytes > 0 else {
            throw SyntaxFailure(field, expected: "a size such as 64m")
        }
        return count.bytes
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ value: String?,
        in field: String
    ) throws(SyntaxFailure) -> Choice {
        guard let value, let choice = Choice(rawValue: value.lowercased()) else {
            throw SyntaxFailure(
                field,
                expected: "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return choice
    }
}
