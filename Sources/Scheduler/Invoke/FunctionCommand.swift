// SPDX-License-Identifier: Apache-2.0
// What PID 1 of a function executes, prepared once per revision. Catalog makes it, Dispatcher completes it.

import Contracts
import FoundationEssentials
import FunctionModel
import ImageStore
import Sandbox

/// Arguments and environment of one revision; the request's variables are added per invocation.
struct FunctionCommand: Hashable, Sendable {
    private let arguments: [String]
    private let environment: [String]
    /// Names of `environment` that a request's variable may have too.
    private let contested: Set<Substring>
    /// Of AWS Lambda, for a runtime alone.
    private let lambda: [String: String]

    /// The first word, as logs name it.
    var program: String { arguments.first ?? "" }

    /// Prepares what does not change between invocations.
    ///
    /// - Parameters:
    ///   - plan: arguments and environment of image and configuration.
    ///   - revision: whose plan it is.
    init(_ plan: ContainerPlan, of revision: Revision) {
        arguments = plan.arguments
        var variables = plan.environment
        variables["MAYFLY_FUNCTION"] = revision.function.localName
        variables["MAYFLY_NAMESPACE"] = revision.function.namespace
        variables["MAYFLY_REVISION"] = String(revision.number)
        variables["MAYFLY_INVOCATION_ID"] = nil
        variables["MAYFLY_DEADLINE"] = nil
        environment = variables.map { "\($0)=\($1)" }.sorted()
        lambda = LambdaEnvironment.defaults.filter { variables[$0.key] == nil }
            .merging(LambdaEnvironment.reserved(revision, handler: plan.arguments.last ?? "")) { $1 }
        contested = Set(variables.keys.filter(Self.isRequestName).map { Substring($0) })
    }

    /// Completes the command for one invocation.
    ///
    /// - Parameters:
    ///   - id: of the invocation.
    ///   - variables: they follow the function's own; for equal names, the request's value counts.
    ///   - deadline: when the invocation is stopped.
    /// - Returns: what PID 1 executes.
    func command(id: String, _ variables: RequestVariables, deadline: Date) -> SandboxCommand {
        var own = environment
        if !contested.isEmpty {
            let names = Set(variables.text.map(Self.name)).intersection(contested)
            if !names.isEmpty { own.removeAll { names.contains(Self.name($0)) } }
        }
        var command = SandboxCommand(
            arguments: arguments,
            environment: own + variables.text + [
                "MAYFLY_INVOCATION_ID=" + id, "MAYFLY_DEADLINE=" + InternetTime.text(deadline),
            ]
        )
        command.byteEnvironment = variables.bytes
        return command
    }

    /// What a program executes that starts before its request is known, with PORT where nothing else sets it.
    ///
    /// - Parameter port: where it is to serve HTTP; nil when it serves none.
    /// - Returns: arguments and environment.
    func command(port: UInt16?) -> SandboxCommand {
        let hasPort = environment.contains { Self.name($0) == "PORT" }
        guard let port else { return SandboxCommand(arguments: arguments, environment: environment) }
        return SandboxCommand(
            arguments: arguments,
            environment: environment + (hasPort ? [] : ["PORT=\(port)"])
        )
    }

    /// What a Lambda runtime executes, which starts before its request is known.
    func runtimeCommand() -> SandboxCommand {
        let own = environment.filter { lambda[String(Self.name($0))] == nil }
        return SandboxCommand(
            arguments: arguments,
            environment: own + lambda.map { "\($0)=\($1)" }.sorted()
        )
    }

    /// Whether a trigger may set the name too: CGI/1.1 (RFC 3875 section 4.1) and OpenFaaS's `Http_*`.
    private static func isRequestName(_ name: String) -> Bool {
        let prefixes = [
            "HTTP", "Http_", "AUTH_", "CONTENT_", "DOCUMENT_", "GATEWAY_", "PATH_", "QUERY_", "REMOTE_",
            "REQUEST_",
            "SCRIPT_", "SERVER_",
        ]
        return prefixes.contains { name.hasPrefix($0) }
    }

    private static func name(_ variable: String) -> Substring { variable.prefix { $0 != "=" } }
}
