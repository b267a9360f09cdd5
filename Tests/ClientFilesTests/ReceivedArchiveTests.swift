// SPDX-License-Identifier: Apache-2.0
// Archives of containers, which a hostile gateway may have made.

import Foundation
import Glibc
import ImageStore
import Testing

@testable import ClientFiles

@Suite struct ReceivedArchiveTests {
    @Test("an archive gives no file rights on this host: no set-user-ID bit, no capability")
    func privileges() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var bytes = Data()
        let writer = try TarWriter(name: "test") { bytes.append(contentsOf: $0) }
        try writer.add(TarEntry(name: "copy", kind: .directory, mode: 0o2755))
        var file = TarEntry(name: "copy/program", kind: .file, mode: 0o6755)
        file.size = 1
        try writer.begin(file)
        try writer.write([120])
        try writer.finish()
        try bytes.write(to: URL(filePath: folder + "/archive"))
        try ReceivedArchive.move(folder + "/archive", "copy", to: folder + "/place")
        for name in ["/place", "/place/program"] {
            var status = stat()
            #expect(lstat(folder + name, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o755, "\(name)")
        }
    }
}
