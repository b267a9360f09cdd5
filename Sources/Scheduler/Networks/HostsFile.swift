// SPDX-License-Identifier: Apache-2.0
// /etc/hosts of one running container: its text, and the file in which the gateway rewrites it. NetworkMember has one.

import Glibc
import Sandbox
import Synchronization

/// The file, open for writing.
final class HostsFile: Sendable {
    /// One address with its names.
    struct Line: Hashable, Sendable {
        var address: String
        var names: [String]

        init(_ address: String, _ names: [String]) {
            self.address = address
            self.names = names
        }
    }

    private let file: OwnedDescriptor
    /// Bytes in it.
    private let length: Mutex<Int>

    /// - Parameter file: empty, or with other content, which is replaced.
    init(_ file: consuming OwnedDescriptor) {
        length = Mutex(max(0, lseek(file.raw, 0, SEEK_END)))
        self.file = file
    }

    /// The text of a hosts file.
    static func text(_ lines: [Line]) -> String {
        var names: [Line] = [Line("127.0.0.1", ["localhost"]), Line("::1", ["localhost"])]
        names += lines
        return names.map { line in
            var seen: Set<String> = []
            let unique = line.names.filter { seen.insert($0).inserted }
            return "\(line.address)\t\(unique.joined(separator: " "))\n"
        }.joined()
    }

    /// Writes the present text.
    ///
    /// A reader sees the old text or the new one, perhaps the end of one after the beginning of the other, but never half
    /// a line after its end: what is left of the old one is overwritten with empty lines.
    ///
    /// - Parameter lines: called while no other write can come between, so that the last writer writes the last state.
    /// - Returns: an errno; 0 when it is written.
    @discardableResult
    func write(_ lines: () -> [Line]) -> Int32 {
        length.withLock { length in
            let text = Array(Self.text(lines()).utf8)
            let padded = text + [UInt8](repeating: UInt8(ascii: "\n"), count: max(0, length - text.count))
            let written = pwrite(file.raw, padded, padded.count, 0)
            guard written >= 0 else { return errno }
            // Overwritten whole at the next change.
            length = max(length, written)
            guard written == padded.count else { return ENOSPC }
            guard ftruncate(file.raw, text.count) == 0 else { return errno }
            length = text.count
            return 0
        }
    }
}
