// SPDX-License-Identifier: Apache-2.0
// Renames anywhere on the host make the kernel refuse ".." within a root for a moment; no path may fail by them.

import CSandbox
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Sandbox

@Suite("Paths beside renames of other folders", .enabled(if: TestHost.isRoot), .serialized)
struct ConcurrentRenameTests {
    /// Renames a folder to and fro on a thread of its own until it is ended.
    private final class Renames: Sendable {
        private let folder = FileManager.default.temporaryDirectory.appending(path: "renames-\(UUID())").path
        private let isEnded = Atomic(false)
        private let finished = DispatchSemaphore(value: 0)

        init() throws {
            try FileManager.default.createDirectory(
                atPath: folder + "/a/moved",
                withIntermediateDirectories: true
            )
            try FileManager.default.createDirectory(atPath: folder + "/b", withIntermediateDirectories: true)
            Thread { [self] in
                while !isEnded.load(ordering: .relaxed) {
                    rename(folder + "/a/moved", folder + "/b/moved")
                    rename(folder + "/b/moved", folder + "/a/moved")
                }
                finished.signal()
            }.start()
        }

        func end() {
            isEnded.store(true, ordering: .relaxed)
            finished.wait()
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private static let path = String(repeating: "/etc/..", count: 8) + "/made"

    @Test("files of a sandbox are made")
    func sandboxFiles() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            defer { sandbox.kill() }
            let renames = try Renames()
            defer { renames.end() }
            for _ in 0..<2000 { _ = try await sandbox.createFile(Self.path, mode: 0o600) }
        }
    }

    @Test("files of an image are opened")
    func imageFiles() async throws {
        try await TestHost.with { host in
            let root = open(host.plan.rootfs, CSANDBOX_OPEN_PATH | O_DIRECTORY | O_CLOEXEC)
            try #require(root >= 0)
            defer { close(root) }
            let renames = try Renames()
            defer { renames.end() }
            let path = String(repeating: "/etc/..", count: 8) + "/etc"
            let results = (0..<20000).map { _ in
                let file = csandbox_open_in_root(root, path, O_RDONLY, 0)
                if file >= 0 { close(file) }
                return file
            }
            #expect(results.filter { $0 < 0 } == [])
        }
    }
}
