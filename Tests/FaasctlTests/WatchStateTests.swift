// SPDX-License-Identifier: Apache-2.0
// Changes of a watched folder, without a clock; and the folder itself.

import Foundation
import Testing

@testable import faasctl

@Suite("A watched folder")
struct WatchStateTests {
    private let start = ContinuousClock.now

    @Test("is deployed once it is silent, and once for all changes before")
    func quiet() {
        var state = WatchState()
        func passed(_ milliseconds: Int) -> Bool { state.timePassed(at: start + .milliseconds(milliseconds)) }
        #expect(state.due == nil)
        #expect(!passed(0))
        state.changed(at: start)
        state.changed(at: start + .milliseconds(150))
        #expect(!passed(300))
        #expect(state.due == start + .milliseconds(350))
        #expect(passed(350))
        #expect(state.due == nil)
        #expect(!passed(9000))
    }

    @Test("that never is silent is deployed after a while")
    func patience() {
        var state = WatchState()
        var deploys = 0
        for step in 0..<100 {
            state.changed(at: start + .milliseconds(100 * step))
            if state.timePassed(at: start + .milliseconds(100 * step)) { deploys += 1 }
        }
        #expect(deploys == 3)
    }

    @Test(
        "leaves out what editors and tools keep beside the files",
        arguments: [
            (".git", false), ("__pycache__", false), (".handler.py.swp", false), ("handler.py~", false),
            ("4913", false), (".#handler.py", false), ("#handler.py#", false), ("handler.py", true),
            ("Dockerfile", true), (".dockerignore", true), ("", true),
        ]
    )
    func names(name: String, counts: Bool) {
        #expect(WatchState.counts(name) == counts)
    }

    @Test("tells of new files, also in folders that are made later; some folders and links are left out")
    func folder() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: root + "/.git", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let watch = try FolderWatch([root])
        watch.start()
        var changes = watch.changes.makeAsyncIterator()
        try FileManager.default.createDirectory(atPath: root + "/new", withIntermediateDirectories: false)
        _ = await changes.next()
        try "x".write(toFile: root + "/new/file", atomically: false, encoding: .utf8)
        _ = await changes.next()
        let silent = Task {
            var later = watch.changes.makeAsyncIterator()
            return await later.next() != nil
        }
        try "x".write(toFile: root + "/.git/file", atomically: false, encoding: .utf8)
        try "x".write(toFile: root + "/.file.swp", atomically: false, encoding: .utf8)
        try await Task.sleep(for: WatchState.quiet * 3)
        silent.cancel()
        #expect(await silent.value == false)
        try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: "/")
        #expect(FolderWatch.folders(in: root) == [root + "/new"])
        #expect(FolderWatch.folders(in: root + "/none") == [])
        #expect(throws: CommandFailure.self) { try FolderWatch([root + "/none"]) }
        #expect(throws: CommandFailure.self) { try FolderWatch([root, root + "/none"]) }
    }
}
