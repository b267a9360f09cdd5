// SPDX-License-Identifier: Apache-2.0
// USER into numbers.

import Glibc
import Sandbox
import Testing

@testable import ImageStore

@Suite struct ContainerUserLookupTests {
    private static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        app:x:1000:1001:App:/home/app:/bin/sh
        1002:x:7:8:odd name:/odd:
        broken line
        evil:x:-1:0::/:
        huge:x:70000:0::/:
        """
    private static let group = """
        root:x:0:
        app:x:1001:
        audio:x:29:other,app
        video:x:44:app
        wide:x:70000:app
        """

    private func find(_ text: String) throws -> ContainerAccount {
        let scratch = try Scratch()
        try Directories.make(scratch.root + "/etc")
        try scratch.write(Self.passwd, to: "root/etc/passwd")
        try scratch.write(Self.group, to: "root/etc/group")
        return try ContainerUserLookup.find(text, rootfs: scratch.root)
    }

    @Test(
        "names and numbers give ids, groups and home",
        arguments: [
            ("", 0, 0, [], "/root"), ("root", 0, 0, [], "/root"), ("app", 1000, 1001, [29, 44], "/home/app"),
            ("1000", 1000, 1001, [29, 44], "/home/app"), ("app:video", 1000, 44, [], "/home/app"),
            ("app:5", 1000, 5, [], "/home/app"), ("4242", 4242, 0, [], "/"),
            ("4242:4243", 4242, 4243, [], "/"),
            ("1002", 7, 8, [], "/odd"), (":video", 0, 44, [], "/root"),
            ("app:", 1000, 1001, [29, 44], "/home/app"),
        ] as [(String, UInt32, UInt32, [UInt32], String)]
    )
    func found(text: String, uid: UInt32, gid: UInt32, groups: [UInt32], home: String) throws {
        let expected = ContainerUser(uid: uid, gid: gid, supplementaryGroups: groups)
        #expect(try find(text) == ContainerAccount(user: expected, home: home))
    }

    @Test(
        "an unknown user is refused",
        arguments: ["nobody", "app:nobody", "evil", "-1", "4294967295", "99999999999", "app:-1"]
    )
    func unknown(text: String) throws {
        #expect(throws: ImageError.unknownUser(text)) { try find(text) }
    }

    @Test(
        "an id that no container has is refused with the range",
        arguments: ["65536", "1000680000", "app:70000", "huge", "app:wide"]
    )
    func outOfRange(text: String) throws {
        let error = #expect(throws: ImageError.self) { try find(text) }
        #expect(error?.description == "USER '\(text)': a container has users and groups from 0 to 65535")
    }

    @Test("passwd is read inside of the tree only, and a fifo in its place does not block")
    func hostileFiles() throws {
        let scratch = try Scratch()
        try Directories.make(scratch.root + "/etc")
        try scratch.write("app:x:5:5::/:", to: "outside/passwd")
        try #require(symlink("../../outside/passwd", scratch.root + "/etc/passwd") == 0)
        try #require(mkfifo(scratch.root + "/etc/group", 0o644) == 0)
        #expect(throws: ImageError.unknownUser("app")) {
            try ContainerUserLookup.find("app", rootfs: scratch.root)
        }
    }
}
