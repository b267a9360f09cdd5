// SPDX-License-Identifier: Apache-2.0
// The platform's parts that need no containers: the data folder's lock, capacity, restarts of the spawner.

import Foundation
import Testing

@testable import Scheduler

@Suite struct DataFolderTests {
    @Test("a second gateway is refused by name, and the first one keeps its lock")
    func lock() throws {
        let folder = try TemporaryFolder()
        let first = try DataFolder(folder.path + "/data")
        for _ in 0..<2 {
            #expect(throws: PlatformError.locked(directory: folder.path + "/data", processID: Int(getpid())))
            {
                _ = try DataFolder(folder.path + "/data")
            }
        }
        first.release()
        _ = try DataFolder(folder.path + "/data")
    }

    @Test("a folder that cannot be made is told with the reason")
    func notWritable() throws {
        let folder = try TemporaryFolder()
        try Data().write(to: URL(filePath: folder.path + "/file"))
        #expect {
            _ = try DataFolder(folder.path + "/file/data")
        } throws: { error in
            guard case .notWritable(_, let reason) = error as? PlatformError else { return false }
            return reason == "Not a directory"
        }
    }
}

@Suite struct HostCapacityTests {
    @Test(
        "the limit follows memory between its floor and its ceiling",
        arguments: [
            (64 << 20, 16), (1 << 30, 64), (1 << 40, 4096),
        ]
    )
    func limits(_ memory: Int, _ sandboxes: Int) {
        #expect(HostCapacity.sandboxesMax(memoryBytes: memory) == sandboxes)
    }
}

@Suite struct RestartBackoffTests {
    @Test("restarts wait longer and longer, and start over after a stable life")
    func growth() {
        var backoff = RestartBackoff()
        #expect(backoff.died(after: .seconds(1)) == .milliseconds(100))
        #expect(backoff.died(after: .zero) == .milliseconds(200))
        #expect(backoff.died(after: .zero) == .milliseconds(400))
        for _ in 0..<40 { _ = backoff.died(after: .zero) }
        #expect(backoff.died(after: .zero) == RestartBackoff.longest)
        #expect(backoff.died(after: .seconds(61)) == .milliseconds(100))
    }
}

/// A folder that is gone when the test is.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "mayfly-scheduler-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // What cannot be removed is left to the machine's own clean-up of temporary files.
        try? FileManager.default.removeItem(atPath: path)
    }
}
