// SPDX-License-Identifier: Apache-2.0
// Cgroup hierarchies as real hosts show them: v1, hybrid, v2, and inside a container.

import Testing

@testable import Sandbox

@Suite("The cgroup layout")
struct CgroupLayoutTests {
    private func find(_ mounts: [String], own: [String], controllers: String = "") -> [CgroupHierarchy] {
        CgroupLayout.find(
            mountinfo: mounts.joined(separator: "\n"),
            ownCgroups: own.joined(separator: "\n"),
            unifiedControllers: { _ in controllers }
        )
    }

    @Test("of a v1 host has one hierarchy per controller, below the process's own folder")
    func v1() {
        let found = find(
            [
                "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
                "31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
                "32 25 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
                "33 25 0:29 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer",
            ],
            own: ["4:memory:/service", "3:cpu,cpuacct:/", "2:pids:/service", "1:freezer:/"]
        )
        #expect(found.map(\.controllers) == [[.cpu], [.memory], [.pids], [.freezer]])
        #expect(
            found.map(\.parent) == [
                "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory/service", "/sys/fs/cgroup/pids/service",
                "/sys/fs/cgroup/freezer",
            ]
        )
    }

    @Test("of a v2 host is one hierarchy with the controllers that are handed down")
    func v2() {
        let found = find(
            ["25 23 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"],
            own: ["0::/system.slice/mayfly.service"],
            controllers: "cpuset cpu io memory pids"
        )
        #expect(found.count == 1)
        #expect(found.first?.isUnified == true)
        #expect(found.first?.controllers == [.cpu, .memory, .pids])
        #expect(found.first?.parent == "/sys/fs/cgroup/system.slice/mayfly.service")
    }

    @Test("of a hybrid host leaves out a v2 hierarchy without controllers")
    func hybrid() {
        let found = find(
            [
                "31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
                "34 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
            ],
            own: ["4:memory:/", "0::/"],
            controllers: "hugetlb"
        )
        #expect(found.map(\.controllers) == [[.memory]])
    }

    @Test("inside a container begins at the mount, which shows only a part")
    func container() {
        let found = find(
            ["31 25 0:27 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"],
            own: ["4:memory:/docker/abc/inner"]
        )
        #expect(found.first?.parent == "/sys/fs/cgroup/memory/inner")
    }

    @Test("knows the folders above a process's own, up to the mount and no further")
    func above() {
        let own = CgroupHierarchy(
            isUnified: true,
            controllers: [.memory],
            mountPoint: "/sys/fs/cgroup",
            parent: "/sys/fs/cgroup/user.slice/session-1.scope"
        )
        #expect(CgroupLayout.foldersAbove(own) == ["/sys/fs/cgroup/user.slice", "/sys/fs/cgroup"])
        var top = own
        top.parent = "/sys/fs/cgroup"
        #expect(CgroupLayout.foldersAbove(top) == [])
        top.parent = "/sys/fs/cgroupless/x"
        #expect(CgroupLayout.foldersAbove(top) == [])
    }

    @Test("of a text that is not mountinfo is empty")
    func garbage() {
        #expect(find(["", "- ", "a b c - cgroup", "x - cgroup2 y"], own: ["::", "zzz"]).isEmpty)
    }
}
