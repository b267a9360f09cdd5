// SPDX-License-Identifier: Apache-2.0
// OpenSSL's view of a connection: reads from one buffer in memory, writes to another. TLSSession makes one.

import COpenSSL
import NIOCore

/// The two buffers between OpenSSL and the channel.
final class BufferBIO {
    /// Ciphertext that OpenSSL has not read.
    var input = ByteBuffer()
    /// Ciphertext that is to be sent.
    var output = ByteBuffer()

    /// What OpenSSL needs to use the buffers; nil when memory is gone.
    ///
    /// OpenSSL frees it with the connection, which must not outlive this object.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    // SAFETY: made once, behind Swift's lock for globals, and never changed or freed.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers") else {
            return nil
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let bytes, let buffers = BufferBIO.of(bio) else { return -1 }
            buffers.output.writeBytes(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let bio, let bytes, let buffers = BufferBIO.of(bio) else { return -1 }
            BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            let taken = min(Int(count), buffers.input.readableBytes)
            guard taken > 0 else {
                BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
                return -1
            }
            let target = UnsafeMutableRawBufferPointer(start: bytes, count: taken)
            buffers.input.readWithUnsafeReadableBytes { readable in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: readable[..<taken]))
                return taken
            }
            return Int32(taken)
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    private static func of(_ bio: OpaquePointer) -> BufferBIO? {
        BIO_get_data(bio).map { Unmanaged<BufferBIO>.fromOpaque($0).takeUnretainedValue() }
    }
}
