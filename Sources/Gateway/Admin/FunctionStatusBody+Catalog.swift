// SPDX-License-Identifier: Apache-2.0
// From the catalog's status of a function to the JSON of it. FunctionsAPI drives it.

import FunctionModel
import GatewayAPI
import Scheduler

extension FunctionStatusBody {
    /// - Parameters:
    ///   - status: as the catalog has it.
    ///   - withUsage: whether the client asked for usage; nothing is measured between invocations.
    init(_ status: FunctionStatus, withUsage: Bool) {
        let revision = status.revision
        let configuration = revision.configuration
        self.init(name: revision.function.localName, image: revision.imageReference)
        namespace = revision.function.namespace
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
        let count = Self.replicas(status)
        replicas = count.all
        availableReplicas = count.available
        createdAt = revision.createdAt
        usage = withUsage ? Usage() : nil
        mayfly = FunctionDetail(
            revision: revision.number,
            imageDigest: revision.imageDigest,
            configuration: configuration,
            ready: status.warm,
            running: status.running,
            waiting: status.waiting,
            failure: status.failure,
            template: Self.template(status)
        )
    }

    /// OpenFaaS's clients take a function for ready when it has a replica; ours need none to be ready.
    static func replicas(_ status: FunctionStatus) -> (all: Int, available: Int) {
        let count = max(1, status.warm + status.running)
        return (count, status.failure == nil ? count : 0)
    }

    static func template(_ status: FunctionStatus) -> FunctionDetail.Template? {
        status.template.map {
            FunctionDetail.Template(slots: $0.slots, copies: $0.copies, refusal: $0.refusal)
        }
    }
}
