// SPDX-License-Identifier: Apache-2.0
// Requests for processes that enter a container: what they become, and what is refused. Without a container.

import Foundation
import FunctionModel
import ImageStore
import Sandbox
import Testing

@testable import Scheduler

@Suite("A process that enters a container, before it does")
struct EnteredProcessesTests {
    private static func target(_ sandbox: FakeSandbox) -> ExecTarget {
        ExecTarget(
            session: ContainerSession(sandbox, policy: .killAtOnce, timer: DeadlineTimer()),
            environment: ["PATH=/bin", "A=old", "HOME=/home/own"]
        )
    }

    private static func sandbox(_ program: FakeSandbox.Program = .init()) -> FakeSandbox {
        FakeSandbox(spawner: FakeSpawner(), program: program)
    }

    @Test("has user, folder and variables of the container, and what the request says instead")
    func plan() throws {
        let target = Self.target(Self.sandbox())
        var request = ExecRequest(command: ["ls", "-l"])
        let plain = try target.plan(request)
        #expect(plain.command.arguments == ["ls", "-l"])
        #expect(plain.command.environment == ["A=old", "HOME=/home/own", "PATH=/bin"])
        #expect(
            plain.user == ContainerUser(uid: 7) && plain.workingDirectory == "/work" && !plain.hasTerminal
        )
        request.environment = ["A=new", "B="]
        request.workingDirectory = "/tmp"
        request.hasTerminal = true
        let other = try target.plan(request)
        #expect(other.command.environment == ["A=new", "B=", "HOME=/home/own", "PATH=/bin", "TERM=xterm"])
        #expect(other.workingDirectory == "/tmp" && other.hasTerminal)
        request.user = "stranger"
        #expect(throws: ExecError.self) { _ = try target.plan(request) }
    }

    @Test(
        "is refused for what no process can be made of",
        arguments: [
            ExecRequest(command: []), ExecRequest(command: [""]), ExecRequest(command: ["a\0b"]),
            changed { $0.environment = ["=x"] }, changed { $0.environment = ["x"] },
            changed { $0.workingDirectory = "tmp" }, changed { $0.workingDirectory = "/a\0" },
        ]
    )
    func mistakes(request: ExecRequest) async {
        let processes = EnteredProcesses { _ in .one(Self.target(Self.sandbox())) }
        await #expect(throws: ExecError.self) { _ = try await processes.start("x", request) }
        #expect(processes.count == 0)
    }

    private static func changed(_ change: (inout ExecRequest) -> Void) -> ExecRequest {
        var request = ExecRequest(command: ["x"])
        change(&request)
        return request
    }

    @Test("is refused where nothing, or more than one, has the name, and where the container has ended")
    func names() async {
        let request = ExecRequest(command: ["true"])
        let none = EnteredProcesses { _ in .unknown }
        await #expect(throws: ExecError.unknown("x")) { _ = try await none.start("x", request) }
        let several = EnteredProcesses { _ in .ambiguous(2) }
        await #expect(throws: ExecError.ambiguous("x", 2)) { _ = try await several.start("x", request) }
        let sandbox = Self.sandbox()
        sandbox.kill()
        let ended = EnteredProcesses { _ in .one(Self.target(sandbox)) }
        await #expect(throws: ExecError.notRunning("the container has ended")) {
            _ = try await ended.start("x", request)
        }
    }

    @Test("ends with 126 when the container could not make it, and with 127 when the program is not there")
    func codes() async throws {
        for (ending, code) in [
            (ExitReport.Ending.notStarted(reason: "no room"), Int32(126)),
            (.execFailed(errorNumber: 2), 127), (.execFailed(errorNumber: 13), 126), (.exited(code: 4), 4),
            (.signalled(9), 137),
        ] {
            let sandbox = Self.sandbox(.init(report: ExitReport(ending: ending)))
            let processes = EnteredProcesses { _ in .one(Self.target(sandbox)) }
            let process = try await processes.start("x", ExecRequest(command: ["p"]))
            while await process.next() != nil {}
            #expect(process.end.exitCode == code, "\(ending)")
            process.close()
            #expect(processes.count == 0)
        }
    }

    @Test("is bounded over all containers, and none begins once the gateway ends")
    func bounds() async throws {
        let sandbox = Self.sandbox(.init(isEndless: true))
        let processes = EnteredProcesses { _ in .one(Self.target(sandbox)) }
        for _ in 0..<EnteredProcesses.countMax {
            _ = try await processes.start("x", ExecRequest(command: ["p"]))
        }
        await #expect(throws: ExecError.self) {
            _ = try await processes.start("x", ExecRequest(command: ["p"]))
        }
        processes.end()
        #expect(processes.count == 0)
        await #expect(throws: ExecError.unavailable("the gateway is stopping")) {
            _ = try await processes.start("x", ExecRequest(command: ["p"]))
        }
    }
}
