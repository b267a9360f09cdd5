// SPDX-License-Identifier: Apache-2.0
// The user of the gateway, read from the system's files.

import Testing

@testable import Sandbox

@Suite("Privileges over the host")
struct HostPrivilegesTests {
    @Test("are full in the first user namespace only")
    func userMaps() {
        #expect(HostPrivileges.isInitial(userMap: "         0          0 4294967295\n"))
        for map in ["", "0 1000 1\n", "0 0 1\n", "0 100000 65536\n", "0 0 4294967295\n1 1 1\n"] {
            #expect(!HostPrivileges.isInitial(userMap: map), "\(map)")
        }
    }

    @Test(
        "fix oom_score_adj only with the capability for it",
        arguments: [
            ("CapEff:\t000001ffffffffff\n", true), ("CapEff:\t000001fffeffffff\n", false),
            ("CapPrm:\t000001ffffffffff\nCapEff:\t0000000000000000\n", false), ("", false),
            ("CapEff:\n", false),
        ]
    )
    func resources(status: String, expected: Bool) {
        #expect(HostPrivileges.hasResourceCapability(status: "Name:\tx\n" + status) == expected)
    }

    @Test("give an ordinary user the longest range that both files have for its name or id")
    func ranges() {
        let users = "other:1:70000\nme:100000:1000\n1000:200000:65536\n"
        let found = SubordinateIDs.find(users: users, groups: "me:300000:5000\n", name: "me", id: 1000)
        #expect(found == SubordinateIDs(firstUser: 200_000, firstGroup: 300_000, count: 5000))
        let whole = SubordinateIDs.find(users: users, groups: "me:300000:70000\n", name: "me", id: 1000)
        #expect(whole?.count == 65_535)
    }

    @Test(
        "give none where a file has nothing for it, or nothing that can be",
        arguments: ["", "other:1:2", "me:1", "me:x:2", "me:1:0", "me:4294967295:2", "me:-1:5", ":1:2"]
    )
    func noRanges(line: String) {
        #expect(SubordinateIDs.find(users: line, groups: "me:1:2", name: "me", id: 1000) == nil)
        #expect(SubordinateIDs.find(users: "me:1:2", groups: line, name: nil, id: 1000) == nil)
    }
}
