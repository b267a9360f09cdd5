// SPDX-License-Identifier: Apache-2.0
// Why a container could not be made, started or changed. Gateway turns each case into a problem body.

package import FunctionModel
import FunctionStore
package import ImageStore
import Sandbox

/// A refusal about a container or a volume; nothing has changed then.
package enum ContainerError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalid(ModelError)
    case image(ImageError)
    /// Too many already, or the gateway is ending or has no spawner.
    case unavailable(String)
    case notStarted(String)
    /// A port cannot be published; as a sentence.
    case port(String)
    case unknown(String)
    /// The beginning of so many ids.
    case ambiguous(String, Int)
    case nameTaken(String, by: String)
    /// It is not in the state that the request asks for.
    case conflict(String)
    case unknownVolume(String)
    case volumeInUse(String, by: [String])
    case unknownNetwork(String)
    case networkInUse(String, by: [String])
    case storage(String)

    package var description: String {
        switch self {
        case .invalid(let error): error.description
        case .image(let error): error.description
        case .unavailable(let text), .notStarted(let text), .port(let text), .conflict(let text),
            .storage(let text):
            text
        case .unknown(let name): "No such container: \(name)"
        case .ambiguous(let name, let count): "'\(name)' is the beginning of \(count) ids; use a longer one"
        case .nameTaken(let name, let owner):
            "Conflict. The container name \"/\(name)\" is already in use by \(owner). You have to remove (or rename) "
                + "that container to be able to reuse that name."
        case .unknownVolume(let name): "no such volume: \(name)"
        case .unknownNetwork(let name): "network \(name) not found"
        case .networkInUse(let name, let users):
            "network '\(name)' is in use by \(users.map { "container \($0)" }.joined(separator: ", ")); remove it first"
        case .volumeInUse(let name, let users):
            "volume '\(name)' is in use by \(users.map { "container \($0)" }.joined(separator: ", ")); remove it first"
        }
    }

    init(_ error: StoreError) { self = .storage("the store failed: \(error)") }

    /// Why image and request make no container.
    init(_ error: ContainerPlanError) {
        switch error {
        case .noCommand:
            let expected = "a command, since the image has none"
            self = .invalid(ModelError(field: "command", value: "", expected: expected))
        case .mountTarget(let target, let expected):
            self = .invalid(ModelError(field: "volume", value: target, expected: expected))
        }
    }

    /// A name that a function or another container has.
    init(_ claim: NameClaim, name: String, countMax: Int) {
        self =
            switch claim {
            case .takenByContainer(let id): .nameTaken(name, by: "container \"\(id)\"")
            case .takenByFunction: .nameTaken(name, by: "function '\(name)'")
            case .full:
                .unavailable("there are \(countMax) containers already; remove some with 'faasctl rm'")
            case .made, .unknown: .unknown(name)
            }
    }
}
