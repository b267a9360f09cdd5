// SPDX-License-Identifier: Apache-2.0
// The engine's parts that need no containers: the data folder's lock, capacity, restarts of the spawner.

import Foundation
import Testing

@testable import Scheduler

@Suite struct HeldDataFolderTests {
    @Test("a second gateway is refused, and the first one keeps its lock")
    func lock() throws {
        let folder = try TemporaryFolder()
        let first = try HeldDataFolder(folder.path + "/data")
        for _ in 0..<2 {
            #expect(throws: EngineError.locked(directory: folder.path + "/data", processID: Int(getpid()))) {
                _ = try HeldDataFolder(folder.path + "/data")
            }
        }
        first.release()
        _ = try HeldDataFolder(folder.path + "/data")
    }

    @Test("a folder is held by its real path, whatever it is called, and a second name finds it held")
    func realPath() throws {
        let folder = try TemporaryFolder()
        let real = URL(filePath: folder.path).resolvingSymlinksInPath().path + "/data"
        try FileManager.default.createDirectory(atPath: real + "/inner", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link",
            withDestinationPath: "data"
        )
        for name in ["/link", "/link/", "/data/", "/data/inner/..", "/./data"] {
            let held = try HeldDataFolder(folder.path + name)
            #expect(held.path == real, "\(name)")
            #expect(throws: EngineError.locked(directory: real, processID: Int(getpid()))) {
                _ = try HeldDataFolder(folder.path + "/link")
            }
            held.release()
        }
    }

    @Test(
        "nothing is written through a link or a second name in the place of the lock",
        arguments: [true, false]
    )
    func plantedLock(isLink: Bool) throws {
        let folder = try TemporaryFolder()
        let (run, host) = (folder.path + "/data/run", folder.path + "/host")
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
        try Data("of the host".utf8).write(to: URL(filePath: host))
        if isLink {
            try FileManager.default.createSymbolicLink(atPath: run + "/lock", withDestinationPath: host)
        } else {
            try FileManager.default.linkItem(atPath: host, toPath: run + "/lock")
        }
        #expect(throws: EngineError.self) { _ = try HeldDataFolder(folder.path + "/data") }
        #expect(try String(contentsOfFile: host, encoding: .utf8) == "of the host")
    }

    @Test("a folder that cannot be made is reported with the reason")
    func notWritable() throws {
        let folder = try TemporaryFolder()
        try Data().write(to: URL(filePath: folder.path + "/file"))
        #expect {
            _ = try HeldDataFolder(folder.path + "/file/data")
        } throws: { error in
            guard case .notWritable(_, let reason) = error as? EngineError else { return false }
            return reason == "Not a directory"
        }
    }
}

@Suite struct DataTracesTests {
    @Test("images, secrets, containers and volumes are traces of a database, and nothing else is")
    func traces() throws {
        let folder = try TemporaryFolder()
        #expect(DataTraces.find(in: folder.path) == [])
        for path in ["/blobs/sha256", "/secrets/functions", "/containers/layers", "/containers/volumes"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + path,
                withIntermediateDirectories: true
            )
        }
        try Data().write(to: URL(filePath: folder.path + "/blobs/sha256/.partial"))
        try Data().write(to: URL(filePath: folder.path + "/secrets/functions/.new1"))
        try Data().write(to: URL(filePath: folder.path + "/containers/layers/.new-1"))
        #expect(DataTraces.find(in: folder.path) == [])
        let digest = String(repeating: "0a", count: 32)
        try Data().write(to: URL(filePath: folder.path + "/blobs/sha256/" + digest))
        try Data().write(to: URL(filePath: folder.path + "/secrets/functions/key"))
        #expect(DataTraces.find(in: folder.path) == ["1 image file", "1 secret"])
        try Data().write(to: URL(filePath: folder.path + "/containers/layers/0a1b"))
        try Data().write(to: URL(filePath: folder.path + "/containers/volumes/one"))
        try Data().write(to: URL(filePath: folder.path + "/containers/volumes/two"))
        let all = ["1 image file", "1 secret", "1 container", "2 volumes"]
        #expect(DataTraces.find(in: folder.path) == all)
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
