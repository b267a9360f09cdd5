// SPDX-License-Identifier: Apache-2.0
// Finds the keys that detach a terminal in what is typed. AttachLink asks.

/// Keys that leave a container running, one after the other.
struct DetachKeys: Hashable, Sendable {
    /// Docker's keys: Ctrl-P, then Ctrl-Q.
    static let standard = DetachKeys(bytes: [16, 17])

    let bytes: [UInt8]

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Keys as Docker writes them: `ctrl-p,ctrl-q`, `ctrl-^`, `a,b`; nil for a key that does not exist.
    ///
    /// - Parameter text: keys with commas between them; empty for ``standard``.
    init?(_ text: String) {
        guard !text.isEmpty else {
            self = .standard
            return
        }
        var bytes: [UInt8] = []
        for key in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let byte = Self.byte(key) else { return nil }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    private static func byte(_ key: Substring) -> UInt8? {
        if key.utf8.count == 1 { return key.utf8.first }
        guard key.lowercased().hasPrefix("ctrl-"), key.utf8.count == 6, let last = key.utf8.last else {
            return nil
        }
        // Ctrl clears the upper bits of a key: ctrl-@ is 0, ctrl-a is 1, ctrl-_ is 31.
        switch last {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return last & 31
        case UInt8(ascii: "@"), UInt8(ascii: "[")...UInt8(ascii: "_"): return last & 31
        default: return nil
        }
    }
}

/// Passes typed bytes on, but for the keys that detach.
struct DetachState: Hashable, Sendable {
    /// What is passed on, and whether the keys came behind it.
    struct Typed: Hashable, Sendable {
        var bytes: [UInt8] = []
        var isDetached = false
    }

    private let keys: [UInt8]
    /// The beginning of the keys that has been typed: passed on when another key follows.
    private var heldCount = 0

    init(_ keys: DetachKeys) { self.keys = keys.bytes }

    /// More has been typed.
    ///
    /// - Parameter bytes: in the order of the keys; nothing is passed on behind the keys that detach.
    /// - Returns: what the container gets now.
    mutating func typed(_ bytes: some Sequence<UInt8>) -> Typed {
        var typed = Typed()
        for byte in bytes {
            // The held bytes and this one may end with a shorter beginning of the keys.
            while heldCount > 0, keys[heldCount] != byte {
                let shorter = shorterCount(heldCount)
                typed.bytes += keys[..<(heldCount - shorter)]
                heldCount = shorter
            }
            guard keys[heldCount] == byte else {
                typed.bytes.append(byte)
                continue
            }
            heldCount += 1
            if heldCount == keys.count {
                typed.isDetached = true
                return typed
            }
        }
        return typed
    }

    /// What was held when nothing more can be typed.
    mutating func ended() -> [UInt8] {
        defer { heldCount = 0 }
        return Array(keys[..<heldCount])
    }

    /// How much of the end of the first `count` keys is a beginning of the keys again.
    private func shorterCount(_ count: Int) -> Int {
        (0..<count).last { keys[..<$0] == keys[(count - $0)..<count] } ?? 0
    }
}
