// SPDX-License-Identifier: Apache-2.0
// One more process in a running container, attached to its caller. OwnPaths adds it; ContainersAPI has its input, size
// and signals.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// POST /v1/containers/ID/exec.
struct ExecAPI: Sendable {
    let entered: EnteredProcesses
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.containerExec.pattern, [.post: start])
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
