// SPDX-License-Identifier: Apache-2.0
// Distinguishes a restart of the gateway from one of the host, for files that were not synced.

import Glibc

/// A file with the boot id of the kernel that wrote it.
struct BootNote {
    let path: String

    /// Whether the host has not restarted since the note was written, so that no written data is lost.
    func isOfThisBoot() throws(ImageError) -> Bool {
        guard access(path, F_OK) == 0 else { return false }
        return try OpenFile(path: path).read(upTo: Self.bytesMax, of: path) == Self.bootID()
    }

    /// Writes the present boot id.
    ///
    /// Call it after all files that a crash of the host may have damaged are removed: there is no second check.
    func write() throws(ImageError) {
        try Self.write(try Self.bootID(), to: path)
    }

    /// Replaces a small file and syncs it.
    static func write(_ bytes: [UInt8], to path: String) throws(ImageError) {
        let file = try OpenFile(path: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        var failure: ImageError?
        bytes.withUnsafeBytes { piece in
            do throws(ImageError) { try file.write(piece, to: path) } catch { failure = error }
        }
        if let failure { throw failure }
        try file.synchronize(path)
    }

    private static let bytesMax = 256

    /// The kernel's boot id, which is new at each boot.
    private static func bootID() throws(ImageError) -> [UInt8] {
        let path = "/proc/sys/kernel/random/boot_id"
        return try OpenFile(path: path).read(upTo: bytesMax, of: path)
    }
}
