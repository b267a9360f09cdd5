// SPDX-License-Identifier: Apache-2.0
// Sandboxes that are copies of one started process, in real containers: fresh, isolated, and gone afterwards.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A copy of a template", .enabled(if: TestHost.isRoot && TemplateHost.isPresent), .serialized)
struct TemplateTests {
    @Test("is PID 1 of namespaces of its own, without a capability, also after exec")
    func isFresh() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("plain")
            defer { slot.retire() }
            for _ in 0..<20 {
                let answer = try await TemplateHost.run(
                    slot,
                    "ids status descriptors child network random refusals"
                )
                #expect(answer.output.contains("pid 1 ppid 0 tid 1 sid 1\n"), "\(answer)")
                for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    // Its own and those of the program that it executes.
                    #expect(answer.count("\(set):\t0000000000000000") == 2, "\(answer)")
                }
                #expect(answer.count("NoNewPrivs:\t1") == 2)
                #expect(answer.count("Seccomp_filters:\t") == 2)
                #expect(answer.count("TracerPid:\t0") == 2)
                #expect(answer.output.contains("descriptors: 0 1 2\n"), "\(answer)")
                #expect(answer.output.contains("child 2 0\n"), "\(answer)")
                #expect(answer.output.contains("loopback 1\n/sys/class/net: lo\n"), "\(answer)")
                #expect(answer.output.contains("random 1\n"))
                // EPERM throughout; clone with CLONE_PARENT does not exist.
                #expect(
                    answer.output.contains(
                        "mount 1 umount 1 chroot 1 unshare 1 hostname 1 parent 38 setuid 1\n"
                    ),
                    "\(answer)"
                )
                #expect(answer.report.ending == .exited(code: 0))
            }
        }
    }

    @Test("finds nothing that an earlier copy wrote", arguments: [false, true])
    func findsNothing(readOnly: Bool) async throws {
        try await TemplateHost.with { host in
            var plan = host.host.plan
            plan.readOnlyRoot = readOnly
            let slot = try await host.slot("plain", plan: plan)
            defer { slot.retire() }
            for _ in 0..<3 {
                let answer = try await TemplateHost.run(slot, "seen marks seen mounts")
                answer.expectFresh()
            }
        }
    }

    @Test("has the files that the program wrote and opened before its request")
    func hasItsFiles() async throws {
        try await TemplateHost.with { host in
            let own = try await host.slot("own")
            defer { own.retire() }
            for _ in 0..<3 {
                let answer = try await TemplateHost.run(own, "cwd")
                #expect(answer.output == "cwd /tmp/work mark 0\n", "\(answer)")
            }
            let file = try await host.slot("file")
            defer { file.retire() }
            for _ in 0..<3 {
                // The position is its own: each reads from the same one.
                let answer = try await TemplateHost.run(file, "file descriptors")
                #expect(answer.output == "file 4 0.0.1 closes 1\ndescriptors: 0 1 2 3\n", "\(answer)")
            }
        }
    }

    @Test(
        "works for a program that",
        arguments: ["duplicate", "signals", "undumpable", "locked", "memory"]
    )
    func works(mode: String) async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot(mode)
            defer { slot.retire() }
            for _ in 0..<3 {
                let answer = try await TemplateHost.run(slot, "ids threads child")
                #expect(answer.output.contains("pid 1 ppid 0 tid 1 sid 1\nthreads 4000\n"), "\(answer)")
                #expect(answer.output.contains("child 6 0\n") || mode == "undumpable", "\(answer)")
            }
        }
    }

    @Test(
        "is itself for its C library: threads, thread-local memory, raise and children",
        .enabled(if: Probe.hasCompiler),
        arguments: CLibrary.allCases.filter(\.isPresent)
    )
    func knowsItself(library: CLibrary) async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot(arguments: [try host.program(library), "prepared", "loop"])
            defer { slot.retire() }
            for _ in 0..<5 {
                let answer = try await TemplateHost.run(slot, "ids thread threads loop child")
                #expect(
                    answer.output.hasPrefix(
                        """
                        pid 1 ppid 0 tid 1 sid 1
                        own 7 other 3 raised 1
                        threads 4000
                        loop 1111 data 1 closes 111

                        """
                    ),
                    "\(answer)"
                )
                #expect(answer.output.hasSuffix("child 7 0\n"), "\(answer)")
            }
            let aborts = try await TemplateHost.run(slot, "abort")
            // As any PID 1: SIGABRT has no effect there, a forbidden instruction has.
            #expect(aborts.report.ending == .signalled(SIGSEGV), "\(aborts)")
        }
    }

    @Test("works for an interpreter: Perl", .enabled(if: access("/usr/bin/perl", X_OK) == 0))
    func perl() async throws {
        try await TemplateHost.with { host in
            try host.add("/usr/bin/perl")
            let script = """
                my $calls = 0; my $text = <STDIN>; $calls++;
                my $child = fork; if (!$child) { exit 3 } waitpid $child, 0;
                open my $file, ">>", "/tmp/log"; print $file "x"; close $file;
                print "$$ $calls $text ", $? >> 8, " ", -s "/tmp/log";
                """
            let slot = try await host.slot(arguments: ["/usr/bin/perl", "-e", script])
            defer { slot.retire() }
            for number in 1...10 {
                let answer = try await TemplateHost.run(slot, "call \(number)", preparesNext: true)
                #expect(answer.output == "1 1 call \(number) 3 1", "\(answer)")
                #expect(answer.report.ending == .exited(code: 0))
            }
        }
    }

    @Test("of a server listens in a network of its own, and serves its first connection")
    func serves() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("server", intake: .server(port: 8000))
            defer { slot.retire() }
            for _ in 0..<5 {
                let sandbox = try await slot.makeSandbox()
                try sandbox.start(SandboxCommand(arguments: [], environment: [])) { _ in }
                let connection = try await sandbox.dial(port: 8000)
                try sandbox.assign(preparesNext: true)
                #expect(write(connection.raw, "x", 1) == 1)
                var waiting = pollfd(fd: connection.raw, events: Int16(POLLIN), revents: 0)
                #expect(poll(&waiting, 1, 5000) == 1)
                var bytes = [UInt8](repeating: 0, count: 64)
                let size = read(connection.raw, &bytes, bytes.count)
                #expect(String(decoding: bytes.prefix(max(0, size)), as: UTF8.self) == "pid 1 served 1\n")
                let report = await sandbox.exit()
                #expect(report.ending == .exited(code: 0))
            }
        }
    }

    @Test("runs as the user of the plan")
    func runsAsUser() async throws {
        try await TemplateHost.with { host in
            var plan = host.host.plan
            plan.user = ContainerUser(uid: 1000, gid: 1000)
            let slot = try await host.slot("plain", plan: plan)
            defer { slot.retire() }
            for _ in 0..<3 {
                let answer = try await TemplateHost.run(slot, "status ids marks child")
                #expect(answer.count("Uid:\t1000\t1000\t1000\t1000") == 2, "\(answer)")
                #expect(answer.output.contains("pid 1 ppid 0"))
            }
        }
    }

    @Test("ends as any program does, and the next one is not affected")
    func ends() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("plain")
            defer { slot.retire() }
            let exits = try await TemplateHost.run(slot, "exit", preparesNext: true)
            #expect(exits.report.ending == .exited(code: 5))
            let aborts = try await TemplateHost.run(slot, "abort", preparesNext: true)
            // PID 1 ignores a SIGABRT of its own; abort(3) then ends it by a forbidden instruction, as in any sandbox.
            #expect(aborts.report.ending == .signalled(SIGSEGV))
            let next = try await TemplateHost.run(slot, "ids")
            #expect(next.output.hasPrefix("pid 1 "))
        }
    }

    @Test("has the limits of its function, and the template survives them")
    func hasLimits() async throws {
        try await TemplateHost.with { host in
            var plan = host.host.plan
            plan.limits.memory = .mebibytes(32)
            plan.limits.disk = .mebibytes(1)
            plan.limits.pids = 16
            let slot = try await host.slot("plain", plan: plan)
            defer { slot.retire() }
            let disk = try await TemplateHost.run(slot, "disk")
            #expect(disk.output == "full 1\n", "\(disk)")
            #expect(disk.report.limitsReached.contains(.disk), "\(disk.report)")
            let forks = try await TemplateHost.run(slot, "forks")
            #expect(forks.output.contains("forks limited 1\n"), "\(forks)")
            let memory = try await TemplateHost.run(slot, "memory")
            #expect(memory.report.oomKilled, "\(memory.report)")
            let next = try await TemplateHost.run(slot, "ids")
            #expect(next.output.hasPrefix("pid 1 "))
        }
    }
}
