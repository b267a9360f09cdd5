// SPDX-License-Identifier: Apache-2.0
// An unnamed temporary file for content that arrives as a stream and is needed in another order: extracted
// archives and downloads. Every call blocks on the disk.

import ImageStore
import CSandbox
import Glibc

/// A file without a name; the kernel removes it with its owner, also when the process is killed.
final class SpoolFile: Sendable {
    private let file: OpenFile

    /// Makes an empty file in a folder of the builder.
    init(directory: String) throws(StepFailure) {
        let descriptor = csandbox_open_nameless(directory)
        guard descriptor >= 0 else { throw StepFailure.failedCall("open", directory, -descriptor) }
        file = OpenFile(owning: descriptor)
    }

    /// Passes the descriptor, at offset 0, to a closure that reads the file completely.
    func withDescriptor<Value>(_ body: (Int32) throws(StepFailure) -> Value) throws(StepFailure) -> Value {
        guard lseek(file.descriptor, 0, SEEK_SET) == 0 else {
            throw StepFailure.failedCall("lseek", "temporary file", errno)
        }
        return try body(file.descriptor)
    }

    /// Adds bytes at the end.
    func append(_ bytes: UnsafeRawBufferPointer) throws(StepFailure) {
        do throws(ImageError) { try file.write(bytes, to: "temporary file") } catch { throw .image(error) }
    }

    /// Adds zeroes at the end; none when the count is not positive.
    func append(zeroes count: Int) throws(StepFailure) {
        let block = [UInt8](repeating: 0, count: 64 << 10)
        var left = count
        while left > 0 {
            let piece = min(left, block.count)
            var failure: StepFailure?
            block.withUnsafeBytes { bytes in
                do throws(StepFailure) {
                    try append(UnsafeRawBufferPointer(rebasing: bytes[..<piece]))
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            left -= piece
        }
    }

    /// Reads up to `count` bytes at an offset; none at the end.
    func read(at offset: Int, upTo count: Int) throws(StepFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(file.descriptor, &bytes, count, off_t(offset))
        guard got >= 0 else { throw StepFailure.failedCall("read", "temporary file", errno) }
        bytes.removeLast(count - got)
        return bytes
    }
}
