// SPDX-License-Identifier: Apache-2.0
// Why a deploy, a removal or a rollback was refused. Gateway turns each case into a problem body.

package import FunctionModel
import FunctionStore

/// A change of the catalog that was refused; nothing has changed then.
package enum CatalogError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownFunction(FunctionName)
    case unknownRevision(FunctionName, Int)
    case unknownNamespace(String)
    case unknownAlias(FunctionName, AliasName)
    case tooManyAliases(FunctionName, max: Int)
    /// A field of the configuration, a cron expression among them.
    case invalid(ModelError)
    /// A function that was to be new.
    case exists(FunctionName)
    /// Another deploy came between what a deployment was made of and the deployment.
    case changedMeanwhile(FunctionName)
    /// A route that another function has.
    case routeTaken(Route, by: FunctionName)
    /// A container has the function's name.
    case nameTaken(String)
    case unknownImage(reference: String)
    /// The image is there but cannot serve: wrong architecture, no command, unknown user, damaged layers.
    case unusableImage(reference: String, reason: String)
    case unknownSecret(String)
    /// A secret that deployed functions read.
    case secretInUse(String, [FunctionName])
    /// The gateway drains or has not started.
    case unavailable(reason: String)
    /// The store failed; nothing was switched.
    case storage(reason: String)

    /// The same failure in the catalogue's words.
    init(_ error: StoreError) {
        self =
            switch error {
            case .unknownFunction(let name): .unknownFunction(name)
            case .unknownRevision(let name, let number): .unknownRevision(name, number)
            case .tooManyAliases(let name, let max): .tooManyAliases(name, max: max)
            case .nameOfContainer(let name): .nameTaken(name)
            case .unknownNamespace(let name): .unknownNamespace(name)
            default: .storage(reason: error.description)
            }
    }

    package var description: String {
        switch self {
        case .unknownFunction(let name): "no function named '\(name)'"
        case .unknownRevision(let name, let number): "function '\(name)' has no revision \(number)"
        case .unknownNamespace(let name): "there is no namespace '\(name)'; create it first"
        case .unknownAlias(let name, let alias): "function '\(name)' has no alias '\(alias)'"
        case .tooManyAliases(let name, let max):
            "function '\(name)' has \(max) aliases already; remove one first"
        case .invalid(let error): error.description
        case .exists(let name): "function '\(name)' exists already"
        case .changedMeanwhile(let name):
            "function '\(name)' was changed by somebody else meanwhile; look at it and repeat the change"
        case .routeTaken(let route, let owner): "route '\(route)' belongs to function '\(owner)'"
        case .nameTaken(let name):
            "the name '\(name)' is a container's; rename it or remove it first, or choose another name"
        case .unknownImage(let reference):
            "no image '\(reference)'; load, pull or build it first"
        case .unusableImage(let reference, let reason): "image '\(reference)' cannot be used: \(reason)"
        case .unknownSecret(let name): "no secret named '\(name)'; create it first"
        case .secretInUse(let name, let functions):
            "secret '\(name)' is used by \(Self.list(functions)); remove them or deploy them without it first"
        case .unavailable(let reason): reason
        case .storage(let reason): "the store failed: \(reason)"
        }
    }

    /// Functions that one message names; more are counted.
    private static let functionsShownMax = 8

    private static func list(_ functions: [FunctionName]) -> String {
        let shown = functions.prefix(functionsShownMax).map { "'\($0)'" }.joined(separator: ", ")
        let rest = functions.count - functionsShownMax
        return "function\(functions.count == 1 ? "" : "s") " + shown + (rest > 0 ? " and \(rest) more" : "")
    }
}
