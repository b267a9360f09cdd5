// SPDX-License-Identifier: Apache-2.0
// Tar archives made byte by byte (POSIX ustar): hostile ones cannot be made with a well-behaved tool.

import Foundation

/// One member of an archive.
struct TarMember {
    var name: String
    /// `0` file, `1` hard link, `2` symbolic link, `3` character device, `5` folder.
    var type: Character = "0"
    var mode = 0o755
    var link = ""
    var content = Data()
    var device = (major: 0, minor: 0)
}

/// Makes archives.
enum Tar {
    private static let blockBytes = 512

    static func archive(_ members: [TarMember]) -> Data {
        var data = Data()
        for member in members {
            data += header(member)
            data += member.content
            let over = member.content.count % blockBytes
            if over > 0 { data += Data(count: blockBytes - over) }
        }
        return data + Data(count: 2 * blockBytes)
    }

    private static func header(_ member: TarMember) -> Data {
        var header = Data(count: blockBytes)
        put(Data(member.name.utf8), at: 0, in: &header)
        put(octal(member.mode, 7), at: 100, in: &header)
        put(octal(0, 7), at: 108, in: &header)
        put(octal(0, 7), at: 116, in: &header)
        put(octal(member.content.count, 11), at: 124, in: &header)
        put(octal(0, 11), at: 136, in: &header)
        put(Data(repeating: 32, count: 8), at: 148, in: &header)
        put(Data("\(member.type)".utf8), at: 156, in: &header)
        put(Data(member.link.utf8), at: 157, in: &header)
        put(Data("ustar\u{0}00".utf8), at: 257, in: &header)
        put(octal(member.device.major, 7), at: 329, in: &header)
        put(octal(member.device.minor, 7), at: 337, in: &header)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, 6) + Data([0, 32]), at: 148, in: &header)
        return header
    }

    private static func put(_ bytes: Data, at offset: Int, in header: inout Data) {
        header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    private static func octal(_ number: Int, _ width: Int) -> Data {
        let digits = String(number, radix: 8)
        return Data((String(repeating: "0", count: max(0, width - digits.count)) + digits).utf8)
    }
}
