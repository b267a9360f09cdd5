// SPDX-License-Identifier: Apache-2.0
// A file descriptor with one owner, and the room's calls on it. All of them block.

package import CSandbox
import Glibc

/// An open file; closed when its owner releases it.
package struct OpenFile: ~Copyable, Sendable {
    package let descriptor: Int32

    /// Takes ownership of a descriptor.
    package init(owning descriptor: Int32) { self.descriptor = descriptor }

    /// Opens a path of the host, close-on-exec.
    package init(path: String, flags: Int32 = O_RDONLY, mode: UInt32 = 0) throws(ImageError) {
        descriptor = try SystemCall.check("open", path) { open(path, flags | O_CLOEXEC, mode) }
    }

    deinit { close(descriptor) }

    /// Passes the descriptor to the caller, who closes it.
    consuming func take() -> Int32 {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    /// Reads up to `count` bytes; fewer only before the end, none at the end.
    package func read(upTo count: Int, of name: String) throws(ImageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = try SystemCall.check("read", name) {
                bytes.withUnsafeMutableBytes { buffer in
                    Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
                }
            }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    /// Writes all bytes.
    package func write(_ bytes: UnsafeRawBufferPointer, to name: String) throws(ImageError) {
        var done = 0
        while done < bytes.count {
            done += try SystemCall.check("write", name) {
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            }
        }
    }

    /// Writes all bytes at an offset, which may leave a hole before it.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, to name: String) throws(ImageError) {
        var done = 0
        while done < bytes.count {
            done += try SystemCall.check("write", name) {
                pwrite(
                    descriptor,
                    bytes.baseAddress.map { $0 + done },
                    bytes.count - done,
                    off_t(offset + done)
                )
            }
        }
    }

    /// Seeks to the first byte.
    func rewind(_ name: String) throws(ImageError) {
        try SystemCall.check("lseek", name) { lseek(descriptor, 0, SEEK_SET) }
    }

    /// Makes content durable.
    package func synchronize(_ name: String) throws(ImageError) {
        try SystemCall.check("fsync", name) { fsync(descriptor) }
    }

    /// The file's status.
    package func status(_ name: String) throws(ImageError) -> stat {
        var status = stat()
        try SystemCall.check("fstat", name) { fstat(descriptor, &status) }
        return status
    }
}
