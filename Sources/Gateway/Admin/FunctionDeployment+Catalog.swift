// SPDX-License-Identifier: Apache-2.0
// From OpenFaaS's deployment to the one that the catalog takes. FunctionsAPI drives it.

import FunctionModel
import GatewayAPI
import Scheduler

extension FunctionDeployment {
    /// The function that is deployed.
    ///
    /// - Parameter queried: the namespace of the query, where the body has none.
    /// - Returns: its name.
    /// - Throws: ``ModelError`` naming the field.
    func functionName(in queried: String? = nil) throws(ModelError) -> FunctionName {
        let given = namespace.flatMap { $0.isEmpty ? nil : $0 }
        return try FunctionName(service, namespace: given ?? queried)
    }

    /// The deployment that the catalog takes.
    ///
    /// - Parameter queried: the namespace of the query, where the body has none.
    /// - Returns: the deployment.
    /// - Throws: ``ModelError`` naming the field.
    func deployment(in queried: String? = nil) throws(ModelError) -> Deployment {
        let name = try functionName(in: queried)
        guard !image.isEmpty else { throw ModelError(field: "image", value: "", expected: "a reference") }
        var configuration = mayfly ?? FunctionConfiguration()
        if let words = Self.words(envProcess) { configuration.command = words }
        configuration.environment.merge(envVars ?? [:]) { $1 }
        configuration.labels.merge(labels ?? [:]) { $1 }
        configuration.annotations.merge(annotations ?? [:]) { $1 }
        for secret in secrets ?? [] where !configuration.secrets.contains(secret) {
            configuration.secrets.append(secret)
        }
        if let memory = limits?.memory, !memory.isEmpty {
            configuration.limits.memory = try ByteCount(memory, field: "limits.memory")
        }
        if let cpu = limits?.cpu, !cpu.isEmpty {
            configuration.limits.cpu = try Millicores(cpu, field: "limits.cpu")
        }
        try addRequests(to: &configuration)
        if let readOnlyRootFilesystem { configuration.readOnlyRootFilesystem = readOnlyRootFilesystem }
        if mayfly == nil { try Self.adopt(configuration.environment, &configuration) }
        return Deployment(name: name, imageReference: image, configuration: configuration)
    }

    private func addRequests(to configuration: inout FunctionConfiguration) throws(ModelError) {
        if let memory = requests?.memory, !memory.isEmpty {
            configuration.requests.memory = try ByteCount(memory, field: "requests.memory")
        }
        if let cpu = requests?.cpu, !cpu.isEmpty {
            configuration.requests.cpu = try Millicores(cpu, field: "requests.cpu")
        }
        for constraint in constraints ?? [] where !configuration.constraints.contains(constraint) {
            configuration.constraints.append(constraint)
        }
    }

    /// The watchdog splits `fprocess` at single spaces, without quotes.
    private static func words(_ process: String?) -> [String]? {
        guard let process, !process.isEmpty else { return nil }
        return process.split(separator: " ").map(String.init)
    }

    /// What a watchdog inside the container would read from its environment, where we do its work.
    private static func adopt(_ environment: [String: String], _ configuration: inout FunctionConfiguration)
        throws(ModelError)
    {
        if let type = environment["content_type"] { configuration.contentType = type }
        if let text = environment["exec_timeout"] {
            let span = try TimeSpan(text, field: "exec_timeout")
            if span.nanoseconds > 0 { configuration.timeout = span }
        }
        if let text = environment["max_inflight"] {
            guard let count = Int(text), count >= 0 else {
                throw ModelError(field: "max_inflight", value: text, expected: "a number; 0 for no limit")
            }
            if count > 0 { configuration.concurrency = count }
        }
    }
}
