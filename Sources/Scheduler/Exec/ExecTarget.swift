// SPDX-License-Identifier: Apache-2.0
// A running container that a process can enter, and the plan of that process. RunningDirectory finds the container.

import FoundationEssentials
package import FunctionModel
package import ImageStore
import Sandbox

/// A container that runs.
struct ExecTarget: Sendable {
    let session: ContainerSession
    /// Of its PID 1, without what its request added.
    let environment: [String]

    /// What a name means.
    enum Found: Sendable {
        case one(ExecTarget)
        case unknown
        case ambiguous(Int)
        /// It is paused; as a sentence.
        case notRunning(String)
        case resting(Container)
    }

    /// The process that a request asks for.
    ///
    /// Blocks for a user of another name: reads two small files of the image.
    ///
    /// - Throws: ``ExecError/image(_:)`` when the image has no such user.
    func plan(_ request: ExecRequest) throws(ExecError) -> ProcessPlan {
        let defaults = session.defaults
        var variables = ContainerPlanner.variables(environment)
        var user = defaults.user
        if let name = request.user {
            do throws(ImageError) {
                let account = try ContainerUserLookup.find(name, rootfs: defaults.rootfs)
                user = account.user
                variables["HOME"] = account.home
            } catch {
                throw .image(error)
            }
        }
        if request.hasTerminal, variables["TERM"] == nil { variables["TERM"] = "xterm" }
        variables.merge(ContainerPlanner.variables(request.environment)) { $1 }
        let command = SandboxCommand(
            arguments: request.command,
            environment: variables.map { "\($0)=\($1)" }.sorted()
        )
        var plan = ProcessPlan(
            command: command,
            user: user,
            workingDirectory: request.workingDirectory ?? defaults.workingDirectory
        )
        plan.hasTerminal = request.hasTerminal
        return plan
    }
}

/// Why a process could not enter a container.
package enum ExecError: Error, Hashable, Sendable {
    case invalid(ModelError)
    case image(ImageError)
    /// Nothing of that name runs.
    case unknown(String)
    /// The name may mean so many.
    case ambiguous(String, Int)
    /// The container has ended, or its program has not started; as a sentence.
    case notRunning(String)
    /// Too many already, or the gateway is ending.
    case unavailable(String)
    case notStarted(String)
    /// Of a container that rests.
    case container(ContainerError)
}
