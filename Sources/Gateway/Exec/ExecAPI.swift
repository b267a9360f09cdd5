// SPDX-License-Identifier: Apache-2.0
// One more process in a running container, attached to its caller, and the list of those that it has. OwnPaths adds it;
// ContainersAPI has input, size and signals.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// POST /v1/containers/ID/exec, and GET /v1/containers/ID/processes.
struct ExecAPI: Sendable {
    let entered: EnteredProcesses
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.containerExec.pattern, [.post: start])
        router.resource(APIPattern.containerProcesses.pattern, [.get: list])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let processes = try await entered.processes(of: context.parameters.get("id") ?? "")
        return try WireJSON.response(processes.map(ProcessBody.init))
    }

    /// A mistake in the request is a problem body; once there is a process, the last frame reports its end.
    @Sendable private func start(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(ExecRequest.self, request, bytesMax: bodyBytesMax)
        let user = wanted.user.map { " as \($0)" } ?? ""
        context.audit?.about(
            "exec \(wanted.command.first ?? "")" + user + (wanted.isDetached ? ", detached" : "")
        )
        let process = try await entered.start(context.parameters.get("id") ?? "", wanted)
        return wanted.isDetached
            ? try AttachStream.detached(process, end: process.knownEnd) : AttachStream.response(process)
    }
}

extension ProcessBody {
    fileprivate init(_ process: ContainerProcess) {
        self.init(
            id: process.id,
            parentID: process.parentID,
            user: process.user,
            state: process.state,
            name: process.name,
            command: process.arguments,
            startedAt: process.startedAt,
            ageMilliseconds: process.ageMilliseconds
        )
        terminal = process.terminal
        cpuMilliseconds = process.cpuMilliseconds
        threads = process.threadCount
        virtualBytes = process.virtualBytes
        residentBytes = process.residentBytes
    }
}
