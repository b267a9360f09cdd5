// SPDX-License-Identifier: Apache-2.0
// How a function stands, in OpenFaaS's JSON and ours. FunctionsAPI makes it.

import FoundationEssentials
import FunctionModel
import Scheduler

/// One element of GET /system/functions.
struct FunctionStatusBody: Encodable, Sendable {
    var name: String
    var image: String
    var namespace = FunctionName.defaultNamespace
    var envProcess: String
    var envVars: [String: String]
    var constraints: [String]
    var secrets: [String]
    var labels: [String: String]
    var annotations: [String: String]
    var limits: FunctionDeployment.Resources
    var requests: FunctionDeployment.Resources?
    var readOnlyRootFilesystem: Bool
    var invocationCount: Double
    var replicas: Int
    var availableReplicas: Int
    var createdAt: Date
    var usage: Usage?
    var mayfly: Own

    /// What OpenFaaS's fields cannot say.
    struct Own: Encodable, Sendable {
        var revision: Int
        var imageDigest: String
        var configuration: FunctionConfiguration
        /// Sandboxes that stand ready.
        var ready: Int
        var running: Int
        var waiting: Int
        /// Why the last sandbox could not be made.
        var failure: String?
    }

    /// Of all running sandboxes together; nothing is measured between invocations.
    struct Usage: Encodable, Sendable {
        var cpu = 0.0
        var totalMemoryBytes = 0.0
    }

    init(_ status: FunctionStatus, withUsage: Bool) {
        let revision = status.revision
        let configuration = revision.configuration
        name = revision.function.text
        image = revision.imageReference
        envProcess = configuration.command?.joined(separator: " ") ?? ""
        envVars = configuration.environment
        secrets = configuration.secrets
        labels = configuration.labels
        annotations = configuration.annotations
        limits = .init(
            memory: configuration.limits.memory.description,
            cpu: configuration.limits.cpu.description
        )
        constraints = configuration.constraints
        if configuration.requests != ResourceRequests() {
            requests = .init(
                memory: configuration.requests.memory?.description,
                cpu: configuration.requests.cpu?.description
            )
        }
        readOnlyRootFilesystem = configuration.readOnlyRootFilesystem
        invocationCount = Double(status.invocationCount)
        // OpenFaaS's clients take a function for ready when it has a replica; ours need none to be ready.
        replicas = max(1, status.warm + status.running)
        availableReplicas = status.failure == nil ? replicas : 0
        createdAt = revision.createdAt
        usage = withUsage ? Usage() : nil
        mayfly = Own(
            revision: revision.number,
            imageDigest: revision.imageDigest,
            configuration: configuration,
            ready: status.warm,
            running: status.running,
            waiting: status.waiting,
            failure: status.failure
        )
    }
}
