// SPDX-License-Identifier: Apache-2.0
// What a gateway refuses to start with, and where doctor tries things.

import Foundation
import Testing

@testable import Sandbox
@testable import Server

@Suite struct StartLimitsTests {
    @Test(
        "limits that are too low are refused, with the number that is needed",
        arguments: [
            (12, nil, "12 files"), (255, nil, "255 files"), (256, nil, nil), (1024, 12, "12 processes"),
            (1024, 63, "63 processes"), (1024, 64, nil),
        ] as [(Int, Int?, String?)]
    )
    func refuses(files: Int, processes: Int?, words: String?) {
        let room = processes.map { ProcessRoom(limit: "pids.max, 20,", left: $0) }
        let refusal = StartLimits(files: files, processes: room).refusal
        #expect((refusal == nil) == (words == nil))
        if let words { #expect(refusal?.what.contains(words) == true, "\(String(describing: refusal))") }
        #expect((StartLimits(files: files, processes: room).finding.level == .fatal) == (words != nil))
    }

    @Test("doctor tries things beside a data folder, or where one would be made")
    func place() throws {
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("mayfly-doctor-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appendingPathComponent("a/data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let link = folder.appendingPathComponent("link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: data)
        let parent = folder.appendingPathComponent("a").path
        #expect(DoctorPlace.parent(of: data.path) == parent)
        #expect(DoctorPlace.parent(of: link.path) == parent)
        #expect(DoctorPlace.parent(of: parent + "/x/y") == parent)
        #expect(DoctorPlace.parent(of: "/proc/self") == "/proc")
    }
}
