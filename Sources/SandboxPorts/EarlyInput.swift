// SPDX-License-Identifier: Apache-2.0
// What a connection sends before the one that it is joined with exists: a value. StreamRelay has one for each side.

import NIOCore

/// The bytes of one side, and whether they are all.
struct EarlyInput {
    /// More than the kernel takes for a connection that was never read from (`tcp_rmem`: 128 KiB); more ends it.
    static let bytesMax = 256 * 1024

    /// Copies: a small piece does not keep the buffer that it was read into.
    private(set) var bytes = ByteBuffer()
    /// It sends nothing more.
    var isEnded = false

    /// It sent more.
    ///
    /// - Returns: false when that is too much; nothing is kept of it then.
    mutating func read(_ more: ByteBuffer) -> Bool {
        guard bytes.readableBytes + more.readableBytes <= Self.bytesMax else { return false }
        bytes.writeImmutableBuffer(more)
        return true
    }
}
