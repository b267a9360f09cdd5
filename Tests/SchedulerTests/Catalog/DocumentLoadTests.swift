// SPDX-License-Identifier: Apache-2.0
// How often a deploy reads an image's manifest, counted by the kernel: each load opens the blob.

import Foundation
import FunctionModel
import Glibc
import Testing

@testable import Scheduler

/// Counts how often the files of a folder are opened.
final class OpenCounter {
    private let descriptor: Int32

    init(watching folder: String) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        // Equal events in a row are one: the end of each reading keeps two openings apart.
        let mask = UInt32(IN_OPEN | IN_CLOSE_NOWRITE)
        guard descriptor >= 0, inotify_add_watch(descriptor, folder, mask) >= 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    deinit { close(descriptor) }

    /// Openings by file name since the last call.
    func take() -> [String: Int] {
        var counts: [String: Int] = [:]
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return counts }
            var position = 0
            while position < count {
                let event = buffer[position..<position + 16].withUnsafeBytes { bytes in
                    (
                        mask: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                        length: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
                    )
                }
                let name = buffer[position + 16..<position + 16 + Int(event.length)].prefix { $0 != 0 }
                if event.mask & UInt32(IN_OPEN) != 0 {
                    counts[String(decoding: name, as: UTF8.self), default: 0] += 1
                }
                position += 16 + Int(event.length)
            }
        }
    }
}

@Suite("A deploy")
struct DocumentLoadTests {
    @Test("loads the manifest of its image once, whether the tree is unpacked or not, and so does a rollback")
    func once() async throws {
        try await CatalogBench.with { bench in
            let counter = try OpenCounter(watching: bench.path + "/blobs/sha256")
            let deployment = Deployment(
                name: try FunctionName("f"),
                imageReference: "tool:1",
                configuration: FunctionConfiguration()
            )
            for _ in 0..<2 {
                let revision = try await bench.catalog.deploy(deployment)
                #expect(revision.imageDigest == bench.digest)
                #expect(counter.take()[bench.digest.hex] == 1)
            }
            _ = try await bench.catalog.rollback(deployment.name, to: nil)
            #expect(counter.take()[bench.digest.hex] == 1)
        }
    }
}
