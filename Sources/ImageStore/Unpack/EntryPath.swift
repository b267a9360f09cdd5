// SPDX-License-Identifier: Apache-2.0
// Splits and checks names of tar entries before their use. Pure.

/// A name within an image's tree: relative, without `.` and `..`.
struct EntryPath: Hashable, Sendable {
    /// Empty for the root itself.
    private(set) var components: [[UInt8]]

    init(components: [[UInt8]]) { self.components = components }

    /// Splits a name from an archive.
    ///
    /// Absolute names are relative to the image's root. `..` is refused: no tool writes it into a layer.
    init(_ name: [UInt8], limits: UnpackLimits) throws(ImageError) {
        components = []
        let slash = UInt8(ascii: "/")
        for part in name.split(separator: slash) where part != Self.dot {
            guard part != Self.dotDot else {
                throw .hostileEntry(name: Self.text(name), reason: "its name contains '..'")
            }
            try UnpackLimits.check(part.count, limits.nameBytes, "length of a part of '\(Self.text(name))'")
            components.append(Array(part))
        }
        try UnpackLimits.check(components.count, limits.depth, "depth of '\(Self.text(name))'")
    }

    /// The last part; empty for the root.
    var leaf: [UInt8] { components.last ?? [] }
    var parent: EntryPath { EntryPath(components: Array(components.dropLast())) }
    var isRoot: Bool { components.isEmpty }

    func appending(_ leaf: [UInt8]) -> EntryPath { EntryPath(components: components + [leaf]) }

    /// For system calls: relative, NUL-terminated; `.` for the root.
    var cString: [CChar] {
        isRoot ? Self.terminated(Array(Self.dot)) : Self.terminated(Array(components.joined(separator: [47])))
    }

    var description: String { "/" + Self.text(Array(components.joined(separator: [47]))) }

    static func terminated(_ name: [UInt8]) -> [CChar] { name.map(CChar.init(bitPattern:)) + [0] }
    static func text(_ name: [UInt8]) -> String { String(decoding: name.prefix(300), as: UTF8.self) }

    private static let dot: ArraySlice<UInt8> = [46]
    private static let dotDot: ArraySlice<UInt8> = [46, 46]
}

/// The meaning of an entry's name in a layer (image-spec, layer.md, "Whiteouts").
enum WhiteoutName: Hashable, Sendable {
    /// Not a whiteout.
    case none
    /// Hides this name of lower layers.
    case hides([UInt8])
    /// Hides the content of lower layers in its folder.
    case opaque
    /// A metadata file of AUFS, which is skipped.
    case ignored

    /// Classifies the last component of a name.
    ///
    /// - Throws: ``ImageError/hostileEntry(name:reason:)`` for whiteouts of an empty name, `.` and `..`.
    init(of path: EntryPath) throws(ImageError) {
        let prefix = Array(".wh.".utf8)
        let meta = Array(".wh..wh.".utf8)
        if path.components.dropLast().contains(where: { $0.starts(with: meta) }) {
            self = .ignored
            return
        }
        guard path.leaf.starts(with: prefix) else {
            self = .none
            return
        }
        if path.leaf.starts(with: meta) {
            self = path.leaf == Array(".wh..wh..opq".utf8) ? .opaque : .ignored
            return
        }
        let hidden = Array(path.leaf.dropFirst(prefix.count))
        guard !hidden.isEmpty, hidden != [46], hidden != [46, 46] else {
            throw .hostileEntry(name: path.description, reason: "it is a whiteout without a name")
        }
        self = .hides(hidden)
    }
}
