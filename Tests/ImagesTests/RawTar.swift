// SPDX-License-Identifier: Apache-2.0
// Tar headers written by hand, so that tests can say what no honest tool would.

/// A ustar file under construction (POSIX.1-1988 header, 512-byte blocks).
struct RawTar {
    private(set) var bytes: [UInt8] = []

    enum Kind: Character {
        case file = "0"
        case hardLink = "1"
        case symbolicLink = "2"
        case characterDevice = "3"
        case blockDevice = "4"
        case directory = "5"
        case fifo = "6"
        case pax = "x"
    }

    /// Adds one entry.
    mutating func add(
        _ name: String,
        _ kind: Kind = .file,
        content: String = "",
        link: String = "",
        mode: Int = 0o644,
        owner: Int = 0,
        mtime: Int = 1000
    ) {
        let content = Array(content.utf8)
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        func octal(_ number: Int, digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0)
        put(octal(mode, digits: 7), at: 100)
        put(octal(owner, digits: 7), at: 108)
        put(octal(owner, digits: 7), at: 116)
        put(octal(content.count, digits: 11), at: 124)
        put(octal(mtime, digits: 11), at: 136)
        put("        ", at: 148)
        put(String(kind.rawValue), at: 156)
        put(link, at: 157)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(8, digits: 7), at: 329)
        put(octal(1, digits: 7), at: 337)
        put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6), at: 148)
        header[154] = 0
        bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// Adds pax records for the entry that follows.
    mutating func addPax(_ records: [(String, String)]) {
        var content = ""
        for (key, value) in records {
            let rest = " \(key)=\(value)\n"
            var length = rest.utf8.count + 1
            while String(length).utf8.count + rest.utf8.count != length {
                length = String(length).utf8.count + rest.utf8.count
            }
            content += "\(length)" + rest
        }
        add("PaxHeaders/entry", .pax, content: content)
    }

    /// The whole file, ended as tar asks.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
