// SPDX-License-Identifier: Apache-2.0
// From a RUN step to its container's plan, without a container.

import FunctionModel
import ImageStore
import OCI
import Sandbox
import Testing

@testable import ImageBuilder

@Suite struct StepPlanTests {
    private let limits = StepLimits(hostMemoryBytes: 8 << 30, processors: 4)

    private func command(_ mounts: [StepCommand.Mount]) -> StepCommand {
        var execution = ImageConfiguration.Execution()
        execution.workingDirectory = "/w"
        return StepCommand(
            image: ContainerImage(
                rootfs: "/data/rootfs/x",
                account: ContainerAccount(user: ContainerUser(uid: 5), home: "/h"),
                execution: execution
            ),
            changes: "/data/build/step-1/changes",
            scratch: "/data/build/step-1/scratch",
            arguments: ["x", ""],
            proxies: ["http_proxy": "p"],
            environment: ["TOKEN": "t"],
            mounts: mounts,
            network: .egress,
            timeLimit: .seconds(1)
        )
    }

    @Test(
        "a step may take all processors and half of the memory, but never less than a package manager needs"
    )
    func limitsOfHost() {
        #expect(limits.sandbox.memory == .mebibytes(4096))
        #expect(limits.sandbox.cpu.count == 4000)
        let small = StepLimits(hostMemoryBytes: 64 << 20, processors: 0)
        #expect(small.sandbox.memory == StepLimits.memoryFloor && small.sandbox.cpu.count == 1000)
    }

    @Test("outer mounts come first, the host's by their place below DATA")
    func order() throws {
        let plan = try StepPlan.plan(
            for: command([
                .init(source: .memory(sizeBytes: nil), target: "/a/b", readOnly: false),
                .init(source: .host(path: "/data/build/mounts/k"), target: "/a", readOnly: true),
            ]),
            limits: limits,
            dataDirectory: "/data",
            translatesOwners: true
        ).sandbox
        #expect(plan.mounts.map(\.target) == ["/a", "/a/b"])
        #expect(plan.mounts.first?.source == .host(HostPlace(folder: "/data", name: "build/mounts/k")))
        #expect(plan.mounts.first?.readOnly == true)
        #expect(plan.writableLayer == HostPlace(folder: "/data", name: "build/step-1"))
        #expect(plan.user.uid == 5 && plan.workingDirectory == "/w" && plan.network == .egress)
    }

    @Test("a step has its words as they are, its proxies and secrets, and no variable of the container's own")
    func command() throws {
        let plan = try StepPlan.plan(
            for: command([]),
            limits: limits,
            dataDirectory: "/data",
            translatesOwners: true
        )
        #expect(plan.arguments == ["x", ""])
        #expect(plan.command.environment == ["HOME=/h", RunPlan.defaultPath, "TOKEN=t", "http_proxy=p"])
    }

    @Test("where owners cannot be translated a step is root, and makes no files of others")
    func oneOwner() throws {
        let plan = try StepPlan.plan(
            for: command([]),
            limits: limits,
            dataDirectory: "/data",
            translatesOwners: false
        ).sandbox
        #expect(plan.user == ContainerUser())
        #expect(Set(plan.capabilities).isDisjoint(with: ["CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"]))
        #expect(plan.capabilities.contains("CAP_DAC_OVERRIDE"))
    }

    @Test("nothing outside of DATA is shown, nothing mounted where the container's own mounts are")
    func refused() {
        for mount in [
            StepCommand.Mount(source: .host(path: "/etc/shadow"), target: "/x", readOnly: true),
            .init(source: .host(path: "/database"), target: "/x", readOnly: true),
            .init(source: .memory(sizeBytes: 1), target: "/sys/x", readOnly: true),
        ] {
            #expect(throws: StepFailure.self) {
                try StepPlan.plan(
                    for: command([mount]),
                    limits: limits,
                    dataDirectory: "/data",
                    translatesOwners: true
                )
            }
        }
    }
}
