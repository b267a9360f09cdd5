// SPDX-License-Identifier: Apache-2.0
// One header of a tar file as a value. TarReader makes them, the unpacker and archives use them.

/// The kind of a tar entry.
package enum TarEntryKind: Hashable, Sendable {
    case file, directory, symbolicLink, hardLink, fifo
    /// Block and character devices; never created.
    case device
    /// Other kinds, for example sockets.
    case other
}

/// One entry's header.
///
/// Names are bytes: tar guarantees no encoding.
package struct TarEntry: Hashable, Sendable {
    package var name: [UInt8]
    package var kind: TarEntryKind
    /// The target of a symbolic or hard link; empty for other kinds.
    package var linkTarget: [UInt8] = []
    /// Permission bits with setuid, setgid and sticky.
    package var mode: UInt32 = 0o644
    package var uid: Int = 0
    package var gid: Int = 0
    /// Bytes of the content, holes included.
    package var size = 0
    package var modified = TarTime()
    package var attributes: [ExtendedAttribute] = []

    package init(name: [UInt8], kind: TarEntryKind) {
        self.name = name
        self.kind = kind
    }

    package init(name: String, kind: TarEntryKind, mode: UInt32 = 0o644, size: Int = 0) {
        self.init(name: Array(name.utf8), kind: kind)
        self.mode = mode
        self.size = size
    }

    /// The complete name as text; invalid UTF-8 is replaced.
    package var text: String { String(decoding: name, as: UTF8.self) }

    /// The name for messages: invalid UTF-8 is replaced, the length is bounded.
    package var displayName: String { String(decoding: name.prefix(300), as: UTF8.self) }
}

/// A file time: seconds and nanoseconds since the epoch.
package struct TarTime: Hashable, Sendable {
    package var seconds: Int
    package var nanoseconds: Int

    package init(seconds: Int = 0, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

/// One extended attribute of a file.
package struct ExtendedAttribute: Hashable, Codable, Sendable {
    /// With its namespace, for example `security.capability`.
    package var name: String
    package var value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
