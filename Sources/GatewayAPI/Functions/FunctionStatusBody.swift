// SPDX-License-Identifier: Apache-2.0
// The state of a function, in OpenFaaS's JSON and ours. Gateway fills it in; list, describe and deploy read it.

package import FoundationEssentials
package import FunctionModel
import OCI

/// One element of GET /system/functions.
///
/// Most members are optional for the client's sake: another OpenFaaS gateway may leave them out. Ours sends them all.
package struct FunctionStatusBody: Codable, Sendable {
    package var name: String
    package var image: String
    package var namespace: String?
    package var envProcess: String?
    package var envVars: [String: String]?
    package var constraints: [String]?
    package var secrets: [String]?
    package var labels: [String: String]?
    package var annotations: [String: String]?
    package var limits: FunctionDeployment.Resources?
    package var requests: FunctionDeployment.Resources?
    package var readOnlyRootFilesystem: Bool?
    package var invocationCount: Double?
    package var replicas: Int?
    package var availableReplicas: Int?
    package var createdAt: Date?
    package var usage: Usage?
    package var mayfly: FunctionDetail?

    /// Of all running sandboxes together; nothing is measured between invocations.
    package struct Usage: Codable, Hashable, Sendable {
        package var cpu = 0.0
        package var totalMemoryBytes = 0.0

        package init() {}
    }

    package init(name: String, image: String) {
        self.name = name
        self.image = image
    }
}

/// What OpenFaaS's fields cannot say of a function.
package struct FunctionDetail: Codable, Sendable {
    package var revision: Int
    package var imageDigest: Digest
    package var configuration: FunctionConfiguration
    /// Warm sandboxes.
    package var ready: Int
    package var running: Int
    package var waiting: Int
    /// Why the last sandbox could not be made.
    package var failure: String?
    /// Only of a function with `template: true`.
    package var template: Template?
    /// Those that it keeps, newest first; only in the answer about one function.
    package var revisions: [RevisionBody]?
    /// Only in the answer about one function.
    package var aliases: [AliasBody]?

    /// The templates of a function's slots since the gateway has the revision.
    package struct Template: Codable, Hashable, Sendable {
        /// Slots that copy one now.
        package var slots: Int
        /// Copies that served calls.
        package var copies: Int
        /// Why the program is started in the ordinary way instead.
        package var refusal: String?

        package init(slots: Int, copies: Int, refusal: String?) {
            self.slots = slots
            self.copies = copies
            self.refusal = refusal
        }
    }

    package init(
        revision: Int,
        imageDigest: Digest,
        configuration: FunctionConfiguration,
        ready: Int,
        running: Int,
        waiting: Int,
        failure: String?,
        template: Template? = nil
    ) {
        self.revision = revision
        self.imageDigest = imageDigest
        self.configuration = configuration
        self.ready = ready
        self.running = running
        self.waiting = waiting
        self.failure = failure
        self.template = template
    }
}
