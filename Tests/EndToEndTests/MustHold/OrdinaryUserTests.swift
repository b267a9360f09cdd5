// SPDX-License-Identifier: Apache-2.0
// The whole way without privileges: `faasctl serve` as an ordinary user, in user namespaces alone.

import Foundation
import Testing

@Suite(
    "An ordinary user's gateway",
    .serialized,
    .enabled(if: OrdinaryUser.hasNamespaces, "ordinary user: this system forbids user namespaces")
)
struct OrdinaryUserTests {
    @Test("gives every call a fresh container: PID 1, alone, with only lo")
    func fresh() async throws {
        try await OrdinaryUser.with { gateway in
            try await gateway.require("deploy", Fixtures.function("fresh"))
            for answer in try await gateway.calls(20, atOnce: 4, "/function/fresh") {
                #expect(answer.status == 200)
                let lines = answer.lines
                #expect(lines.prefix(3) == ["absent", "absent", "absent"])
                #expect(lines.contains("pid 1"))
                #expect(lines.contains("processes 1"))
                #expect(lines.filter { $0.hasPrefix("interface ") } == ["interface lo"])
            }
            let records = try await gateway.invocations("fresh", atLeast: 20)
            #expect(records.allSatisfy { $0.fresh && $0.outcome == "ok" })
        }
    }

    @Test("serves a function with a template by copies, each in a fresh container")
    func template() async throws {
        try await OrdinaryUser.with { gateway in
            let folder = try await Fixtures.shell(
                // A start that is dearer than a copy, in emulation as well.
                "i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done; echo kept > /tmp/own; exec /bin/busybox cat - /tmp/own",
                name: "copied",
                configuration: "prestart: true\ntemplate: true"
            )
            defer { folder.remove() }
            try await gateway.require("deploy", folder.url.path)
            for number in 0..<10 {
                let answer = try await gateway.call(
                    "/function/copied",
                    method: "POST",
                    body: Data("call \(number)\n".utf8)
                )
                #expect(answer.text == "call \(number)\nkept\n")
            }
            let records = try await gateway.require("invocations", "copied", "--output", "json")
            let description = try await gateway.require("describe", "copied")
            // The first calls come before a template pays.
            #expect(records.contains("\"start\":\"template\""), "\(records) \(description)")
            #expect(!records.contains("\"fresh\":false"))
        }
    }

    @Test("idle sandboxes share a network namespace, every call has one of its own")
    func sharedNetwork() async throws {
        try await OrdinaryUser.with { gateway in try await SharedNetwork.check(gateway) }
    }

    @Test("logs at the start each feature that it lacks, and refuses a function that wants a network")
    func says() async throws {
        try await OrdinaryUser.with { gateway in
            #expect(
                gateway.logText.contains("lacks privileges: running as an ordinary user"),
                "\(gateway.logText)"
            )
            #expect(gateway.logText.contains("lacks egress"), "\(gateway.logText)")
            let folder = try await Fixtures.shell("echo there", name: "net", configuration: "network: egress")
            defer { folder.remove() }
            let refused = try await gateway.faasctl("deploy", folder.url.path)
            #expect(refused.code == 1 && refused.error.contains("network: 'egress'"), "\(refused.error)")
            #expect(try await gateway.call("/function/net").status == 404)
        }
    }

    @Test("containers of a network find each other and connect, without any privilege")
    func network() async throws {
        try await OrdinaryUser.with { gateway in
            try await ContainerScene.build(on: gateway)
            try await gateway.requireLine("network create shop")
            let server = "while :; do echo hello | nc -l -p 5000; done"
            try await gateway.requireLine("run -d --name server --network shop box sh -c", server)
            try await gateway.requireLine("run -d --name client --network shop box")
            #expect(
                try await gateway.requireLine("exec client cat /etc/hosts").contains("172.30.0.2\tserver ")
            )
            let ask =
                "for i in 1 2 3 4 5 6 7 8 9; do nc 172.30.0.2 5000 </dev/null | grep . && break; sleep 0.2; done"
            #expect(try await gateway.requireLine("exec client sh -c", ask) == "hello\n")
        }
    }

    @Test("squashes owners: files of the image are root's, and can be written, removed and made again")
    func owners() async throws {
        try await OrdinaryUser.with { gateway in
            let script = """
                set -e
                b=/bin/busybox
                $b stat -c %u:%g /run.sh /etc /bin/busybox
                $b rm /run.sh
                $b mkdir /made && $b touch /made/f && $b rm -r /made && echo written
                """
            let folder = try await Fixtures.shell(script, name: "owners")
            defer { folder.remove() }
            try folder.write(Self.dockerfile("COPY --chown=1000:1000 run /run.sh"), to: "Dockerfile")
            try await gateway.require("deploy", folder.url.path)
            for _ in 0..<2 {
                let answer = try await gateway.call("/function/owners")
                #expect(answer.text == "0:0\n0:0\n0:0\nwritten\n")
            }
        }
    }

    @Test(
        "runs a function's user as that user, where it has a range of ids",
        .enabled(if: OrdinaryUser.hasRange, "ordinary user without a range of ids")
    )
    func rangeOfUsers() async throws {
        try await OrdinaryUser.with { gateway in
            #expect(gateway.logText.contains("one range of user ids"), "\(gateway.logText)")
            let told = try await Self.idsOfUser(gateway)
            #expect(told == "1000:1001\nrefused\n")
        }
    }

    @Test(
        "runs a function's user as root of the container, where it has one id",
        .enabled(if: !OrdinaryUser.hasRange, "ordinary user with a range of ids")
    )
    func oneUser() async throws {
        try await OrdinaryUser.with { gateway in
            #expect(gateway.logText.contains("one user id for all containers"), "\(gateway.logText)")
            let told = try await Self.idsOfUser(gateway)
            #expect(told == "0:0\nwritten\n")
        }
    }

    @Test("leaves no process behind when it is killed")
    func killed() async throws {
        try await OrdinaryUser.with { gateway in
            let folder = try await Fixtures.shell("/bin/busybox sleep 1000", name: "sleeper")
            defer { folder.remove() }
            try await gateway.require("deploy", folder.url.path)
            let call = Task { try await gateway.call("/function/sleeper") }
            try await Task.sleep(for: Patience.duration(.milliseconds(500)))
            let view = HostView(gateway: gateway.processID)
            #expect(view.processes.count > 3, "\(view.figures)")
            gateway.signal(SIGKILL)
            _ = await gateway.ended()
            #expect(try await view.remains(dataFolder: gateway.dataFolder, within: .seconds(2)) == [])
            _ = await call.result
        }
    }

    @Test("starts another spawner when that is killed, and leaves nothing of the first to be waited for")
    func spawnerKilled() async throws {
        try await OrdinaryUser.with { gateway in
            try await gateway.require("deploy", Fixtures.function("hello"))
            for _ in 0..<2 {
                #expect(try await gateway.call("/hello").status == 200)
                let table = ProcessTable()
                let supervisors = table.children(of: gateway.processID)
                let spawner = try #require(supervisors.flatMap(table.children).first)
                #expect(kill(spawner, SIGKILL) == 0)
                try await table.waitForEnd(of: [spawner] + supervisors)
            }
            #expect(try await gateway.call("/hello").status == 200)
            let deadline = ContinuousClock.now + Patience.duration(.seconds(10))
            while !ProcessTable.unreaped(by: gateway.processID).isEmpty, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(ProcessTable.unreaped(by: gateway.processID) == [])
        }
    }

    @Test("works for root of a user namespace, an unprivileged user outside")
    func namespaceRoot() async throws {
        try await OrdinaryUser.with(namespace: ["unshare", "--user", "--map-root-user"]) { gateway in
            #expect(gateway.logText.contains("running as an ordinary user"), "\(gateway.logText)")
            try await gateway.require("deploy", Fixtures.function("hello"))
            #expect(try await gateway.call("/hello").status == 200)
        }
    }

    private static func idsOfUser(_ gateway: GatewayUnderTest) async throws -> String {
        let script =
            "b=/bin/busybox; echo $($b id -u):$($b id -g); $b touch /new 2>/dev/null && echo written || echo refused"
        let folder = try await Fixtures.shell(script, name: "who")
        defer { folder.remove() }
        try folder.write(dockerfile("COPY run /run.sh\nUSER 1000:1001"), to: "Dockerfile")
        try await gateway.require("deploy", folder.url.path)
        return try await gateway.call("/function/who").text
    }

    private static func dockerfile(_ lines: String) -> String {
        "FROM scratch\nCOPY busybox /bin/busybox\n\(lines)\nCMD [\"/bin/busybox\", \"sh\", \"/run.sh\"]\n"
    }
}
