// SPDX-License-Identifier: Apache-2.0
// What a hostile function may not do, one test per promise of the threat model. Real containers, as root.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import Testing

@testable import Sandbox

@Suite("A sandbox", .enabled(if: TestHost.isRoot), .serialized)
struct HardeningTests {
    private func errorNumbers(_ script: String, plan: ((SandboxPlan) -> SandboxPlan)? = nil) async throws
        -> [String]
    {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let result = try await host.shell(script, plan: plan?(host.plan) ?? host.plan)
            return result.output.split(separator: "\n").map(String.init)
        }
    }

    @Test(
        "refuses system calls that reach past it, with the errno programs expect",
        arguments: [
            ("mount", 165, "-1 1"), ("umount2", 166, "-1 1"), ("pivot_root", 155, "-1 1"),
            ("unshare", 272, "-1 1"),
            ("setns", 308, "-1 1"), ("keyctl", 250, "-1 1"), ("add_key", 248, "-1 1"), ("bpf", 321, "-1 1"),
            ("io_uring_setup", 425, "-1 1"), ("userfaultfd", 323, "-1 1"), ("perf_event_open", 298, "-1 1"),
            ("open_by_handle_at", 304, "-1 1"), ("kexec_load", 246, "-1 1"), ("init_module", 175, "-1 1"),
            ("sethostname", 170, "-1 1"), ("pidfd_getfd", 438, "-1 1"), ("clone3", 435, "-1 38"),
            ("a call of the future", 900, "-1 38"),
        ]
    )
    func refusedCalls(name: String, number: Int, expected: String) async throws {
        #if arch(x86_64)
            #expect(try await errorNumbers("probe call \(number)") == [expected], "\(name)")
        #endif
    }

    @Test("cannot make namespaces with clone, nor sockets of dangerous families")
    func argumentRules() async throws {
        #if arch(x86_64)
            let lines = try await errorNumbers(
                """
                probe call 56 0x10000000; probe call 56 0x20000; probe call 56 0x40000000
                probe call 41 38 5 0; probe call 41 40 1 0; probe call 41 2 2 0; probe call 135 0xffffffff
                """
            )
            #expect(lines.prefix(5) == ["-1 38", "-1 38", "-1 38", "-1 1", "-1 1"])
            #expect(lines.suffix(2).allSatisfy { $0.hasSuffix(" 0") }, "\(lines)")
        #endif
    }

    @Test("cannot make them by numbers of which the kernel takes the lower half")
    func cutArguments() async throws {
        #if arch(x86_64)
            let lines = try await errorNumbers("probe call 41 0x100000026 5 0; probe call 41 0x100000028 1 0")
            #expect(lines == ["-1 1", "-1 1"])
        #endif
    }

    @Test("cannot read masked files of /proc, nor write read-only ones")
    func maskedPaths() async throws {
        try await TestHost.with { host in
            let result = try await host.shell(
                """
                for f in kcore keys timer_list interrupts latency_stats sched_debug; do
                    test -e /proc/$f && head -c 1 /proc/$f 2>/dev/null | wc -c; done
                ls /proc/scsi /proc/acpi /proc/asound 2>/dev/null | grep -v : | grep -c .
                for f in sys/net/ipv4/ip_forward sys/kernel/hostname sysrq-trigger sys/kernel/shmmax irq/default_smp_affinity; do
                    test -e /proc/$f && (echo 1 > /proc/$f) 2>/dev/null && echo written $f; done
                (echo x > /sys/kernel/mm/ksm/run) 2>/dev/null && echo written sys
                ls /sys/firmware | grep -c .
                """
            )
            #expect(!result.output.contains("written"), "\(result)")
            #expect(result.output.split(separator: "\n").allSatisfy { $0 == "0" }, "\(result)")
        }
    }

    @Test("has no descriptor besides stdio")
    func descriptors() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let result = try await TestHost.run(slot, ["busybox", "ls", "/proc/self/fd"])
            // The fourth is the one that ls reads the folder with.
            #expect(result.output.split(separator: "\n") == ["0", "1", "2", "3"], "\(result)")
        }
    }

    @Test(
        "has the user, the group and the groups of its plan, also where one of them is root's",
        arguments: [
            ContainerUser(), ContainerUser(uid: 0, gid: 7), ContainerUser(supplementaryGroups: [8]),
            ContainerUser(uid: 1000, gid: 0), ContainerUser(uid: 1000, gid: 7, supplementaryGroups: [8]),
        ]
    )
    func identity(user: ContainerUser) async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.user = user
            let result = try await host.shell("grep -E '^(Uid|Gid|Groups):' /proc/self/status", plan: plan)
            let lines = result.output.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
            let ids = { (id: UInt32) in [Substring](repeating: "\(id)", count: 4) }
            let groups = user.supplementaryGroups.map { Substring("\($0)") }
            #expect(lines == [["Uid:"] + ids(user.uid), ["Gid:"] + ids(user.gid), ["Groups:"] + groups])
        }
    }

    @Test("gains nothing from set-user-ID files, whatever user it is")
    func setUserID() async throws {
        try await TestHost.with { host in
            let path = host.plan.rootfs + "/bin/suid"
            try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: path)
            chmod(path, 0o4755)
            var plan = host.plan
            plan.user = ContainerUser(uid: 1000, gid: 1000, supplementaryGroups: [7])
            try FileManager.default.createSymbolicLink(
                atPath: host.plan.rootfs + "/bin/id",
                withDestinationPath: "suid"
            )
            let result = try await host.shell("id -u; id -G", plan: plan)
            #expect(result.output == "1000\n1000 7\n", "\(result)")
        }
    }

    @Test("gains nothing from a file's capabilities")
    func fileCapabilities() async throws {
        try await TestHost.with { host in
            let path = host.plan.rootfs + "/bin/grep"
            try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: path)
            // Revision 2, effective: CAP_NET_RAW and CAP_SYS_ADMIN (linux/capability.h).
            let words: [UInt32] = [0x0200_0001, 1 << 13 | 1 << 21, 0, 0, 0]
            #expect(setxattr(path, "security.capability", words, words.count * 4, 0) == 0)
            let result = try await host.shell("/bin/grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status")
            let values = result.output.split(separator: "\n").map { $0.suffix(16) }
            #expect(values == ["0000000000000000", "0000000000000000", "0000000000000000"], "\(result)")
        }
    }

    @Test("sees no mount but its own, no control group, and no root but the image's")
    func mounts() async throws {
        try await TestHost.with { host in
            let result = try await host.shell(
                "cat /proc/self/mountinfo; echo; ls -A /sys/fs/cgroup; ls -d /* /proc/1/root/*"
            )
            let parts = result.output.components(separatedBy: "\n\n")
            let mounts = try #require(parts.first).split(separator: "\n").map { $0.split(separator: " ") }
            let own = ["/", "/dev", "/proc", "/sys"]
            for mount in mounts {
                let place = String(mount[4])
                #expect(own.contains { place == $0 || $0 != "/" && place.hasPrefix($0 + "/") }, "\(mount)")
                let separator = try #require(mount.firstIndex(of: "-"))
                let types = ["overlay", "tmpfs", "proc", "sysfs", "devpts", "mqueue"]
                #expect(types.contains(String(mount[separator + 1])), "\(mount)")
                #expect(mount[5].contains("nosuid"), "\(mount)")
            }
            let folders = try FileManager.default.contentsOfDirectory(atPath: host.plan.rootfs).sorted()
            let seen = try #require(parts.last).split(separator: "\n").map(String.init)
            let expected = folders.map { "/" + $0 } + folders.map { "/proc/1/root/" + $0 }
            #expect(seen.sorted() == expected.sorted(), "\(result)")
        }
    }

    @Test(
        "is what the kernel ends first when memory runs short, and cannot change that, or it is said that it can"
    )
    func memoryVictim() async throws {
        try await TestHost.with { host in
            let result = try await host.shell(
                """
                cat /proc/self/oom_score_adj
                for n in -1000 0 499; do (echo $n > /proc/self/oom_score_adj) 2>/dev/null || echo refused; done
                """
            )
            let finding = host.spawner.findings.first { $0.name == "oom_score_adj" }
            switch finding?.level {
            case .ok: #expect(result.output == "500\nrefused\nrefused\nrefused\n", "\(result)")
            default:
                #expect(result.output == "500\nrefused\n", "\(result)")
                #expect(finding?.advice.contains("CAP_SYS_RESOURCE") == true)
            }
        }
    }

    @Test("gets nothing from a script whose interpreter is what made the container")
    func magicInterpreter() async throws {
        try await TestHost.with { host in
            let path = host.plan.rootfs + "/script"
            try "#!/proc/self/exe\n".write(toFile: path, atomically: true, encoding: .utf8)
            chmod(path, 0o755)
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let result = try await TestHost.run(slot, ["/script"])
            // The helper finds no socket and ends at once.
            #expect(result.report.ending == .exited(code: 1), "\(result)")
            #expect(try await host.shell("echo works").output == "works\n")
        }
    }

    @Test("cannot open device nodes that the image brings")
    func deviceNodes() async throws {
        let opened = try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            mknod(host.plan.rootfs + "/home/memory", S_IFCHR | 0o666, 0x0101)
            mknod(host.plan.rootfs + "/home/disk", S_IFBLK | 0o666, 0xfe00)
            return try await host.shell(
                "probe open /home/memory; probe open /home/disk; probe open /dev/null"
            )
        }
        #expect(opened.output == "-1 13\n-1 13\n3 0\n")
    }

    @Test("refuses a command that is a magic link to what made the container")
    func magicLink() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let result = try await TestHost.run(slot, ["/proc/self/exe"])
            #expect(result.report.ending == .execFailed(errorNumber: EACCES))
        }
    }

    @Test("does not start in a working directory that a descriptor leads to")
    func workingDirectory() async throws {
        try await TestHost.with { host in
            let folders =
                (3...40).map { "self/fd/\($0)" } + ["1/root", "1/root/tmp", "self/cwd", "thread-self/root"]
            for folder in folders {
                var plan = host.plan
                plan.workingDirectory = "/proc/" + folder
                let slot = try await host.spawner.makeSlot(plan)
                await #expect(throws: SandboxError.self) { _ = try await slot.makeSandbox() }
                slot.retire()
            }
        }
    }

    @Test(
        "is refused when the image's mount points are symbolic links",
        arguments: ["proc", "dev", "sys", "tmp"]
    )
    func linkedMountPoints(name: String) async throws {
        try await TestHost.with { host in
            let place = host.plan.rootfs + "/" + name
            try FileManager.default.removeItem(atPath: place)
            try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: "/etc")
            await #expect(throws: SandboxError.self) { _ = try await host.spawner.makeSlot(host.plan) }
        }
    }

    @Test("leaves an image alone whose /etc is a symbolic link")
    func linkedEtc() async throws {
        try await TestHost.with { host in
            let etc = host.plan.rootfs + "/etc"
            try FileManager.default.removeItem(atPath: etc)
            try FileManager.default.createSymbolicLink(
                atPath: etc,
                withDestinationPath: "../../../../../../tmp"
            )
            let result = try await host.shell("cat /etc/hosts 2>/dev/null || echo none")
            #expect(result.output == "none\n")
        }
    }

    @Test("has user ids that no other sandbox has")
    func userIDs() async throws {
        try await TestHost.with { host in
            let first = try await host.spawner.makeSlot(host.plan)
            let second = try await host.spawner.makeSlot(host.plan)
            let command = ["busybox", "cat", "/proc/self/uid_map"]
            let maps = try await [
                TestHost.run(first, command).output, TestHost.run(second, command).output,
            ].map { $0.split(separator: " ").map(String.init) }
            first.retire()
            second.retire()
            #expect(maps[0][0] == "0" && maps[0][1] != maps[1][1], "\(maps)")
            #expect(maps.allSatisfy { (UInt32($0[1]) ?? 0) > 65536 })
        }
    }

    @Test("cannot reach an abstract socket of the host")
    func abstractSockets() async throws {
        let name = "mayfly-test-\(getpid())"
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
        let size = socklen_t(3 + name.utf8.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
        }
        #expect(bound == 0 && listen(socket, 1) == 0)
        #expect(try await errorNumbers("probe abstract \(name)") == ["-1 111"])
    }
}
