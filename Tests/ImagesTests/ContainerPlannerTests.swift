// SPDX-License-Identifier: Apache-2.0
// From images and overrides to plans, without a container.

import FunctionModel
import Sandbox
import Testing

@testable import ImageStore
@testable import OCI

@Suite("The planner of containers")
struct ContainerPlannerTests {
    private func image(
        _ change: (inout ImageConfiguration.Execution) -> Void = { _ in }
    ) -> ContainerImage {
        var execution = ImageConfiguration.Execution()
        execution.command = ["/c"]
        change(&execution)
        let user = ContainerUser(uid: 5, gid: 6, supplementaryGroups: [7])
        return ContainerImage(
            rootfs: "/data/rootfs/x",
            account: ContainerAccount(user: user, home: "/h"),
            execution: execution
        )
    }

    private func plan(
        _ image: ContainerImage,
        _ change: (inout ContainerOverrides) -> Void = { _ in }
    ) throws(ContainerPlanError) -> ContainerPlan {
        var overrides = ContainerOverrides(hostname: "name")
        change(&overrides)
        return try ContainerPlanner.plan(image, overrides)
    }

    @Test("takes tree, user, folder and volumes of the image, and gives nothing besides")
    func ofImage() throws {
        let plan = try plan(
            image {
                $0.workingDirectory = "/w"
                $0.volumes = ["/v": EmptyObject(), "/a": EmptyObject()]
            }
        )
        var expected = SandboxPlan(rootfs: "/data/rootfs/x", hostname: "name")
        expected.user = ContainerUser(uid: 5, gid: 6, supplementaryGroups: [7])
        expected.workingDirectory = "/w"
        expected.volumes = ["/a", "/v"]
        #expect(plan.sandbox == expected)
        #expect(plan.arguments == ["/c"])
    }

    @Test("passes on every override that the image does not have")
    func overridden() throws {
        let plan = try plan(image()) {
            $0.limits.memory = .mebibytes(3)
            $0.readOnlyRoot = true
            $0.network = .egress
            $0.egressAllow = ["10.0.0.0/8"]
            $0.secrets = [SandboxSecret(name: "s", bytes: [1])]
            $0.capabilities = ["CAP_X"]
            $0.writableLayer = HostPlace(folder: "/data", name: "step")
            $0.hasTerminal = true
        }
        var expected = SandboxPlan(rootfs: "/data/rootfs/x", hostname: "name")
        expected.user = ContainerUser(uid: 5, gid: 6, supplementaryGroups: [7])
        expected.limits.memory = .mebibytes(3)
        expected.readOnlyRoot = true
        expected.network = .egress
        expected.egressAllow = ["10.0.0.0/8"]
        expected.secrets = [SandboxSecret(name: "s", bytes: [1])]
        expected.capabilities = ["CAP_X"]
        expected.writableLayer = HostPlace(folder: "/data", name: "step")
        expected.hasTerminal = true
        #expect(plan.sandbox == expected)
    }

    @Test(
        "a folder is the override's, else the image's, else the root",
        arguments: [(nil, nil, "/"), (nil, "", "/"), (nil, "/i", "/i"), ("/o", "/i", "/o"), ("", "/i", "/")]
            as [(String?, String?, String)]
    )
    func folder(override: String?, own: String?, expected: String) throws {
        let plan = try plan(image { $0.workingDirectory = own }) { $0.workingDirectory = override }
        #expect(plan.sandbox.workingDirectory == expected)
    }

    /// ENTRYPOINT and CMD of the image, entry point and command of the overrides, what is executed.
    static let words: [([String]?, [String]?, [String]?, [String]?, [String])] = [
        (nil, ["c"], nil, nil, ["c"]), (["e"], ["c"], nil, nil, ["e", "c"]),
        (["e"], ["c"], nil, ["x", ""], ["e", "x", ""]), (["e"], ["c"], nil, [], ["e"]),
        (["e"], ["c"], ["o"], nil, ["o"]), (["e"], ["c"], ["o"], ["x"], ["o", "x"]),
        (["e"], ["c"], [""], ["x"], ["x"]), (nil, nil, [], ["x"], ["x"]),
    ]

    @Test("a command replaces CMD, and an entry point both", arguments: words)
    func arguments(
        entrypoint: [String]?,
        command: [String]?,
        newEntrypoint: [String]?,
        newCommand: [String]?,
        expected: [String]
    ) throws {
        let image = image {
            $0.entrypoint = entrypoint
            $0.command = command
        }
        let plan = try plan(image) {
            $0.entrypoint = newEntrypoint
            $0.command = newCommand
        }
        #expect(plan.arguments == expected)
    }

    @Test("nothing to execute is refused")
    func nothing() {
        let empty = image { $0.command = nil }
        #expect(throws: ContainerPlanError.noCommand) { try plan(empty) }
        #expect(throws: ContainerPlanError.noCommand) { try plan(image()) { $0.entrypoint = [""] } }
    }

    @Test("variables come from what every process needs, then defaults, image and overrides")
    func environment() throws {
        let least = try plan(image())
        #expect(
            least.environment == [
                "PATH": ContainerPlanner.defaultPath, "HOME": "/h", "HOSTNAME": "name",
            ]
        )
        let image = image { $0.environment = ["A=image", "B=image", "C=1", "C=2", "=x", "none", "HOME=/i"] }
        let plan = try plan(image) {
            $0.defaults = ["A": "default", "D": "default", "PATH": "/p"]
            $0.environment = ["B": "over", "E": "a=b"]
            $0.hasTerminal = true
        }
        #expect(
            plan.command.environment == [
                "A=image", "B=over", "C=2", "D=default", "E=a=b", "HOME=/i", "PATH=/p", "TERM=xterm",
            ]
        )
        #expect(plan.command.arguments == ["/c"])
    }

    private static func mount(_ target: String) -> SandboxMount {
        SandboxMount(source: .memory(sizeBytes: 1), target: target, readOnly: false)
    }

    @Test("outer mounts come first, however their targets are written")
    func mounts() throws {
        let plan = try plan(image()) { $0.mounts = ["/a/b", "/a/./b/c", "//a"].map(Self.mount) }
        #expect(plan.sandbox.mounts.map(\.target) == ["//a", "/a/b", "/a/./b/c"])
    }

    @Test("a mount over the container's own is refused", arguments: ["/proc/x", "/dev", "a", "/a/../b", "/"])
    func refusedMount(target: String) throws {
        do throws(ContainerPlanError) {
            _ = try plan(image()) { $0.mounts = [Self.mount("/fine"), Self.mount(target)] }
            Issue.record("accepted")
        } catch {
            let expected = try #require(SandboxMount.refusal(of: target))
            #expect(error == .mountTarget(target, expected: expected))
        }
    }
}
