// SPDX-License-Identifier: Apache-2.0
// The source of the spawner's program: appended to this executable, or (development builds) a file beside it.

import CSandbox
import Foundation
import Glibc

enum SpawnerProgram {
    /// End of an executable that carries the helper: its length as 8 little-endian bytes, then these 16.
    static let magic = Array("MAYFLY-SPAWNER-1".utf8)
    /// The helper is about 1 MB; anything larger is not it.
    static let bytesMax = 64 << 20
    /// The helper's name in a build folder.
    static let siblingName = "CSpawner"

    /// A sealed memory file that can be executed.
    ///
    /// - Throws: ``SandboxError`` when no helper is found or the kernel refuses the file.
    static func open() throws(SandboxError) -> OwnedDescriptor {
        let bytes: Data
        if let carried = try embedded() { bytes = carried } else { bytes = try sibling() }
        let descriptor = bytes.withUnsafeBytes { csandbox_sealed_program($0.baseAddress, $0.count) }
        guard descriptor >= 0 else { throw .system(call: "memfd_create", errorNumber: -descriptor) }
        return OwnedDescriptor(owning: descriptor)
    }

    /// The length in a trailer, nil when these are not a trailer's bytes.
    static func length(inTrailer trailer: some Collection<UInt8>) -> Int? {
        let bytes = Array(trailer)
        guard bytes.count == 8 + magic.count, Array(bytes[8...]) == magic else { return nil }
        let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return length > 0 && length <= UInt64(bytesMax) ? Int(length) : nil
    }

    private static func embedded() throws(SandboxError) -> Data? {
        guard let file = FileHandle(forReadingAtPath: "/proc/self/exe") else {
            throw .system(call: "open /proc/self/exe", errorNumber: errno)
        }
        do {
            let trailerBytes = UInt64(8 + magic.count)
            let end = try file.seekToEnd()
            guard end > trailerBytes else { return nil }
            try file.seek(toOffset: end - trailerBytes)
            guard let trailer = try file.readToEnd(), let length = length(inTrailer: trailer),
                UInt64(length) + trailerBytes < end
            else { return nil }
            try file.seek(toOffset: end - trailerBytes - UInt64(length))
            return try file.read(upToCount: length)
        } catch {
            throw .unsupported("reading the helper from this executable: \(error)")
        }
    }

    private static func sibling() throws(SandboxError) -> Data {
        let places = [
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            Bundle.main.executablePath, CommandLine.arguments.first,
        ]
        for place in places {
            guard let place else { continue }
            let path = (place as NSString).deletingLastPathComponent + "/" + siblingName
            if let bytes = FileManager.default.contents(atPath: path) { return bytes }
        }
        throw .unsupported("this build contains no spawner: build with `make build`")
    }
}
