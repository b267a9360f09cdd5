// SPDX-License-Identifier: Apache-2.0
// What programs that helpers execute (nft, newuidmap) inherit. Real processes, as root.

import Glibc
import Testing

@testable import Sandbox

@Suite("Descriptors of helpers", .enabled(if: TestHost.isRoot), .serialized)
struct HelperDescriptorTests {
    /// The value of a line of a file of /proc.
    private static func line(_ name: String, of path: String) throws -> String? {
        let text = try #require(Self.text(path))
        return text.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: "\t").last
            .map(String.init)
    }

    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let size = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(size), as: UTF8.self)
    }

    @Test("the supervisor's socket to the gateway is closed when a program is executed")
    func gatewaySocket() async throws {
        try await TestHost.with { host in
            let spawner = host.spawner.processID
            let parent = try Self.line("PPid:", of: "/proc/\(spawner)/status")
            let supervisor = try #require(parent.flatMap { Int32($0) })
            let flags = try Self.line("flags:", of: "/proc/\(supervisor)/fdinfo/3")
            let value = try #require(flags.flatMap { Int32($0, radix: 8) })
            #expect(value & O_CLOEXEC != 0)
        }
    }
}
