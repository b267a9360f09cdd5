// SPDX-License-Identifier: Apache-2.0
// What the spawner does with requests for overlays that no slot of this build sends.

import Foundation
import Testing

@Suite("Requests for overlays", .enabled(if: TestHost.isRoot && Probe.hasCompiler))
struct OverlayRequestTests {
    /// What the program prints.
    ///
    /// A layer of a template hides what it has made again. A link in a tree, a mount on it and a tree that is no layer
    /// show nothing, and "left" would count mounts and descriptors that outlive a request.
    private static let answers = """
        nothing: ended
        one tree: ended
        two trees: answered 0 mounts 2 sees old/removed
        another kind: ended
        a part: ended
        a layer: answered 0 mounts 2 sees old/made
        a link out of it: answered 0 mounts 2 sees old/removed
        a mount in it: answered 0 mounts 2 sees old/removed
        a file: answered 22 mounts 0 sees
        another file system: answered 22 mounts 0 sees
        a pipe: answered 22 mounts 0 sees
        four trees: answered 0 mounts 2 sees old/made

        """

    @Test("with other trees than a slot's get no sight of the spawner's files, and leave nothing behind")
    func hostileSenders() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/mayfly-overlays-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder + "/root", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let sources = tests.deletingLastPathComponent().deletingLastPathComponent().path + "/Sources"
        try Probe.build(
            tests.path + "/Programs/overlay_requests.c",
            to: folder + "/requests",
            flags: ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
                + ["-I\(sources)/CSpawner", "-I\(sources)/CSandbox/include", "\(sources)/CSandbox/channel.c"]
                + ["spawner_overlay", "layer"].map { "\(sources)/CSpawner/mounts/\($0).c" }
        )
        let output = try Probe.onHost(folder + "/requests", [folder + "/root"])
        #expect(output == Self.answers, "\(output)")
    }
}
