// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's deployment, and with it our own configuration. FunctionsAPI decodes it; faasctl and faas-cli send it.

import FunctionModel
import Scheduler

/// Body of POST and PUT /system/functions.
struct FunctionDeployment: StrictBody, Sendable {
    var service: String
    var image: String
    var namespace: String?
    var envProcess: String?
    var envVars: [String: String]?
    var secrets: [String]?
    var labels: [String: String]?
    var annotations: [String: String]?
    var limits: Resources?
    var requests: Resources?
    var constraints: [String]?
    var readOnlyRootFilesystem: Bool?
    /// The whole configuration with function.yaml's keys; OpenFaaS's fields above are laid over it.
    var mayfly: FunctionConfiguration?

    /// Kubernetes quantities, as OpenFaaS writes them.
    struct Resources: Codable, Hashable, Sendable {
        var memory: String?
        var cpu: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case memory, cpu }
    }

    /// `registryAuth` and `network` come from old clients of OpenFaaS, which ignores them too.
    static let keys = KeyTree.object(
        [
            "service", "image", "namespace", "envProcess", "secrets", "constraints", "readOnlyRootFilesystem",
            "registryAuth", "network",
        ].map { .init($0) }
            + ["envVars", "labels", "annotations"].map { .init($0, .map) }
            + ["limits", "requests"].map { .init($0, .object(of: Resources.CodingKeys.self)) }
            + [.init("mayfly", FunctionConfiguration.keys)]
    )

    /// The deployment that the catalog takes.
    ///
    /// - Throws: ``ModelError`` naming the field.
    func deployment() throws(ModelError) -> Deployment {
        let name = try FunctionName(service)
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

/// Body of DELETE /system/functions.
struct FunctionDeletion: StrictBody, Sendable {
    var functionName: String
    var namespace: String?

    static let keys = KeyTree.object([.init("functionName"), .init("namespace")])
}
