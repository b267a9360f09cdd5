// SPDX-License-Identifier: Apache-2.0
// The promises of the threat model for processes that enter a container whose program may be hostile by then. Real
// containers, as root.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A process that enters a hostile container", .enabled(if: TestHost.isRoot), .serialized)
struct EnterHardeningTests {
    @Test("has no descriptor besides stdio")
    func descriptors() async throws {
        try await EnterScene.with { scene in
            let result = try await scene.run(["/bin/busybox", "ls", "/proc/self/fd"])
            // The fourth is the one that ls reads the folder with.
            #expect(result.output.split(separator: "\n") == ["0", "1", "2", "3"], "\(result)")
        }
    }

    @Test("refuses a program that is a magic link, and gets nothing from a script that names one")
    func magicLinks() async throws {
        try await EnterScene.with { scene in
            for path in ["/proc/self/exe", "/proc/thread-self/exe", "/proc/1/exe"] {
                let report = try await scene.run([path]).report
                #expect(report.ending == .execFailed(errorNumber: EACCES), "\(path)")
            }
            let script = scene.host.plan.rootfs + "/script"
            try "#!/proc/self/exe\n".write(toFile: script, atomically: true, encoding: .utf8)
            chmod(script, 0o755)
            // The helper finds no socket and ends at once.
            #expect(try await scene.run(["/script"]).report.ending == .exited(code: 1))
            #expect(try await scene.shell("echo works").output == "works\n")
        }
    }

    @Test("does not start in a working directory that a descriptor or a magic link leads to")
    func workingDirectory() async throws {
        try await EnterScene.with("cd /tmp; exec sleep 1000") { scene in
            let folders =
                (3...40).map { "self/fd/\($0)" } + ["1/root", "1/cwd", "self/cwd", "thread-self/root"]
            for folder in folders {
                let report = try await scene.run(["/bin/busybox", "pwd"], directory: "/proc/" + folder).report
                guard case .notStarted(let reason) = report.ending else {
                    Issue.record("started in \(folder): \(report)")
                    continue
                }
                #expect(reason.contains("working directory"), "\(reason)")
            }
            // A link of the image leads within the root.
            let link = "ln -s ../../../../../../etc /tmp/link"
            #expect(try await scene.shell(link).report.ending == .exited(code: 0))
            #expect(try await scene.shell("pwd -P", directory: "/tmp/link").output == "/etc\n")
        }
    }

    @Test("refuses system calls that reach past it, whatever its capabilities")
    func refusedCalls() async throws {
        #if arch(x86_64)
            try await EnterScene.with(plan: { $0.capabilities = Capabilities.ofRoot }) { scene in
                try Probe.compile(to: scene.host.plan.rootfs + "/bin/probe")
                // mount, umount2, pivot_root, unshare, setns, keyctl, bpf, io_uring_setup, pidfd_getfd, clone3.
                let refused = [165, 166, 155, 272, 308, 250, 321, 425, 438].map { "probe call \($0)" }
                let script = (refused + ["probe call 435", "probe call 56 0x10000000"]).joined(
                    separator: "\n"
                )
                let lines = try await scene.shell(script).output.split(separator: "\n")
                #expect(lines.prefix(refused.count).allSatisfy { $0 == "-1 1" }, "\(lines)")
                #expect(lines.suffix(2).allSatisfy { $0 == "-1 38" } && lines.count == 11, "\(lines)")
            }
        #endif
    }

    @Test(
        "gains nothing from set-user-ID files, sees masked files as empty, and opens no device of the image"
    )
    func files() async throws {
        try await EnterScene.with(plan: { $0.user = ContainerUser(uid: 1000, gid: 1000) }) { scene in
            let root = scene.host.plan.rootfs
            try Probe.compile(to: root + "/bin/probe")
            try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: root + "/bin/suid")
            chmod(root + "/bin/suid", 0o4755)
            try FileManager.default.createSymbolicLink(atPath: root + "/bin/id", withDestinationPath: "suid")
            mknod(root + "/home/memory", S_IFCHR | 0o666, 0x0101)
            let result = try await scene.shell(
                """
                id -u; probe open /home/memory; head -c 1 /proc/kcore | wc -c
                (echo 1 > /proc/sys/kernel/hostname) 2>/dev/null || echo refused
                """
            )
            #expect(result.output == "1000\n-1 13\n0\nrefused\n", "\(result)")
        }
    }

    /// Looks at every process of the container without pause, and stops each newcomer that it can.
    private static let spy = """
        while :; do for p in /proc/[0-9]*; do case $p in /proc/1) ;; *)
            kill -STOP ${p#/proc/}; readlink $p/exe; readlink $p/cwd; readlink $p/root
            ls -l $p/fd; cat $p/maps; kill -CONT ${p#/proc/} ;; esac; done; done >> /tmp/seen 2>/dev/null
        """

    @Test("shows the container nothing of the helper that made it, and cannot be held by it")
    func notSeen() async throws {
        try await EnterScene.with(
            Self.spy,
            plan: {
                $0.capabilities = Capabilities.ofRoot
                $0.limits.pids = 32
            }
        ) { scene in
            for turn in 1...150 {
                #expect(try await scene.run(["/bin/busybox", "true"]).report.ending == .exited(code: 0))
                if turn % 50 == 0 {
                    #expect(try await scene.shell("echo x").output == "x\n")
                }
            }
            let seen = try await scene.shell("cat /tmp/seen").output
            // It did look: at programs of the image that entered.
            #expect(seen.contains("/bin/busybox"))
            for word in ["memfd", "mayfly", "/base", "socket:", "deleted"] {
                #expect(!seen.contains(word), "\(word)")
            }
        }
    }

    @Test("enters a copy of a template with the copy's namespaces, and without a capability")
    func copies() async throws {
        #if arch(x86_64)
            try await TemplateHost.with { host in
                let slot = try await host.slot("plain")
                defer { slot.retire() }
                let sandbox = try await slot.makeSandbox()
                try sandbox.start(SandboxCommand(arguments: [], environment: [])) { _ in }
                let scene = EnterScene(host: host.host, slot: slot, sandbox: sandbox)
                let question = """
                    grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status; cat /proc/self/uid_map; ls /sys/class/net
                    for n in pid mnt ipc net uts user; do readlink /proc/self/ns/$n; done; sleep 1
                    """
                let running = Task { try await scene.shell(question).output }
                try await Task.sleep(for: .milliseconds(500))
                let programs = NamespaceView.all.filter { $0.name == "template" }
                let lines = try await running.value.split(separator: "\n").map(String.init)
                #expect(
                    lines.count { $0.hasPrefix("Cap") && $0.hasSuffix("0000000000000000") } == 5,
                    "\(lines)"
                )
                #expect(
                    lines.contains("NoNewPrivs:\t1") && lines.contains("Seccomp:\t2") && lines.contains("lo")
                )
                #expect(programs.contains { $0.namespaces == lines.suffix(6) }, "\(lines) \(programs)")
                #expect(try await scene.shell("unshare -U true || echo refused").output == "refused\n")
                try sandbox.assign()
                sandbox.closeInput()
                _ = await sandbox.exit()
            }
        #endif
    }
}

/// A process as the host sees it.
private struct NamespaceView {
    var name: String
    var namespaces: [String]

    static var all: [NamespaceView] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int32($0) != nil }.map { id in
            NamespaceView(
                name: ((try? String(contentsOfFile: "/proc/\(id)/comm", encoding: .utf8)) ?? "")
                    .trimmingCharacters(in: .newlines),
                namespaces: ["pid", "mnt", "ipc", "net", "uts", "user"].map {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/ns/\($0)")) ?? ""
                }
            )
        }
    }
}
