// SPDX-License-Identifier: Apache-2.0
// Files of root's that the gateway reads again through the warden. Real processes, as root.

import CSandbox
import Foundation
import Glibc
import Testing

@testable import Sandbox

@Suite("The warden's files", .enabled(if: TestHost.isRoot), .serialized)
struct WardenFilesTests {
    private func text(_ descriptor: Int32?) -> String? {
        guard let descriptor else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test("opens the files that were named at the start, as they are now, and no others")
    func files() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/mayfly-files-" + UUID().uuidString
        for place in ["data/rootfs", "data/build", "data/containers", "keys"] {
            try FileManager.default.createDirectory(
                atPath: folder + "/" + place,
                withIntermediateDirectories: true
            )
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (key, link, other) = (folder + "/keys/1", folder + "/keys/current", folder + "/keys/other")
        for path in [key, other] {
            try "old".write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, 0o600)
        }
        symlink(key, link)
        let warden = try Warden(
            dataDirectory: folder + "/data",
            serviceID: Privileges.fallbackID,
            files: [link, folder + "/keys"]
        )
        let before = text(try warden.openFile(link))
        #expect(before == "old")
        // A renewed key is another file behind the same link.
        try "new".write(toFile: folder + "/keys/2", atomically: false, encoding: .utf8)
        unlink(link)
        symlink(folder + "/keys/2", link)
        let renewed = text(try warden.openFile(link))
        #expect(renewed == "new")
        let unnamed = try warden.openFile(other)
        #expect(unnamed == nil)
        #expect(throws: SandboxError.self, "a folder is no file") { try warden.openFile(folder + "/keys") }
        unlink(link)
        #expect(throws: SandboxError.system(call: "open", errorNumber: ENOENT)) { try warden.openFile(link) }
        // What an attacker in the gateway's place would send.
        var order = csandbox_pin_file()
        order.header.kind = UInt32(CSANDBOX_PIN_FILE.rawValue)
        #expect(FixedText.copy(other, into: &order.path))
        try Packet.send(order, to: warden.socket.raw)
        for number: UInt32 in [2, 3, .max] {
            let command = csandbox_command(
                header: csandbox_header(kind: UInt32(CSANDBOX_OPEN_FILE.rawValue), slot: number),
                value: 0,
                sandbox: 0
            )
            let (ours, theirs) = try OwnedDescriptor.packetPair().split()
            defer { close(ours) }
            try Packet.send(command, to: warden.socket.raw, descriptors: [theirs])
            close(theirs)
            var source = pollfd(fd: ours, events: Int16(POLLIN), revents: 0)
            #expect(poll(&source, 1, 5000) == 1)
            let count = Packet.receive(from: ours) { received -> Int? in
                guard case .packet(_, _, let descriptors) = received else { return nil }
                descriptors.forEach { close($0) }
                return descriptors.count
            }
            #expect(count == 0)
        }
        await warden.stop()
    }
}
