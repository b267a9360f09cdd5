// SPDX-License-Identifier: Apache-2.0
// What there is of a project now, and the steps from there to what its files say.

/// A container of a project as the gateway reports it.
package struct ObservedContainer: Hashable, Sendable {
    package var id: String
    package var name: String
    /// The label of its service.
    package var service: String
    package var number = 1
    /// Made by `compose run`.
    package var isOneOff = false
    package var isRunning = false
    /// The label of the configuration that it was made of.
    package var configHash = ""
    /// The image that it was made of, by its id.
    package var image = ""

    package init(id: String, name: String, service: String) {
        self.id = id
        self.name = name
        self.service = service
    }
}

/// What there is of a project.
package struct ComposeState: Hashable, Sendable {
    package var containers: [ObservedContainer] = []
    /// Names of the gateway's volumes and networks.
    package var volumes: Set<String> = []
    package var networks: Set<String> = []

    package init() {}

    /// The containers of a service, but those of `compose run`.
    func containers(of service: String) -> [ObservedContainer] {
        containers.filter { $0.service == service && !$0.isOneOff }.sorted { $0.number < $1.number }
    }
}

/// What a service's containers are to be made of.
package struct ServiceTarget: Hashable, Sendable {
    package var configHash: String
    /// The id of its image.
    package var image: String

    package init(configHash: String, image: String) {
        self.configHash = configHash
        self.image = image
    }
}

/// One request to the gateway.
package enum ComposeStep: Hashable, Sendable {
    /// Keys of the project.
    case createNetwork(String)
    case createVolume(String)
    case stop(ObservedContainer)
    case remove(ObservedContainer)
    /// Names of services.
    case create(String)
    case start(String)
    case deploy(String)
    case removeFunction(String)
    /// Waits for a condition of a service, on behalf of another one or of `--wait`.
    case wait(String, ComposeDependency.Condition, isRequired: Bool)
    /// Waits until the service runs, and is healthy if it has a health check.
    case waitUntilUp(String)
    /// Names of the gateway.
    case removeNetwork(String)
    case removeVolume(String)
    case removeImage(String)
}

/// Why there is no plan.
package enum ComposePlanError: Error, Hashable, Sendable, CustomStringConvertible {
    case externalMissing(kind: String, name: String)
    case unknownService(String, known: [String])
    case imageMissing(service: String, image: String)

    package var description: String {
        switch self {
        case .externalMissing(let kind, let name):
            "the external \(kind) '\(name)' does not exist, create it first"
        case .unknownService(let name, let known):
            "there is no service '\(name)'" + (known.isEmpty ? "" : ", only \(known.joined(separator: ", "))")
        case .imageMissing(let service, let image):
            "the image '\(image)' of '\(service)' is not there, and its pull_policy is never"
        }
    }
}
