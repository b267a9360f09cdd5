// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's deployment, and with it our own configuration. Gateway decodes it; faasctl and faas-cli send it.

package import FunctionModel

/// The body of POST and PUT /system/functions.
package struct FunctionDeployment: StrictBody {
    package var service: String
    package var image: String
    package var namespace: String?
    package var envProcess: String?
    package var envVars: [String: String]?
    package var secrets: [String]?
    package var labels: [String: String]?
    package var annotations: [String: String]?
    package var limits: Resources?
    package var requests: Resources?
    package var constraints: [String]?
    package var readOnlyRootFilesystem: Bool?
    /// The whole configuration with function.yaml's keys; OpenFaaS's fields above override it.
    package var mayfly: FunctionConfiguration?

    /// Kubernetes quantities, as OpenFaaS writes them.
    package struct Resources: Codable, Hashable, Sendable {
        package var memory: String?
        package var cpu: String?

        package enum CodingKeys: String, CodingKey, CaseIterable { case memory, cpu }

        package init(memory: String?, cpu: String?) {
            self.memory = memory
            self.cpu = cpu
        }
    }

    /// `registryAuth` and `network` come from old clients of OpenFaaS, which ignores them too.
    package static let keys = KeyTree.object(
        [
            "service", "image", "namespace", "envProcess", "secrets", "constraints", "readOnlyRootFilesystem",
            "registryAuth", "network",
        ].map { .init($0) }
            + ["envVars", "labels", "annotations"].map { .init($0, .map) }
            + ["limits", "requests"].map { .init($0, .object(of: Resources.CodingKeys.self)) }
            + [.init("mayfly", FunctionConfiguration.keys)]
    )

    package init(service: String, image: String, mayfly: FunctionConfiguration? = nil) {
        self.service = service
        self.image = image
        self.mayfly = mayfly
    }
}

/// The body of DELETE /system/functions.
package struct FunctionDeletion: StrictBody {
    package var functionName: String
    package var namespace: String?

    package static let keys = KeyTree.object([.init("functionName"), .init("namespace")])

    package init(functionName: String) { self.functionName = functionName }
}

/// The body of POST /v1/functions/NAME/rollback; without a revision it is the one before the current one.
package struct RollbackBody: StrictBody {
    package var revision: Int?

    package static let keys = KeyTree.object([.init("revision")])

    package init(revision: Int?) { self.revision = revision }
}
