// SPDX-License-Identifier: Apache-2.0
// Deploys for both deploy paths: with the credentials of the request. FunctionsAPI and DeployAPI drive it.

import FunctionModel
import Hummingbird
import ImageStore
import Registry
import Scheduler

/// Deploys through the catalog, and pulls a missing image where there are registries.
struct FunctionDeployer: Sendable {
    let catalog: any FunctionCatalog
    let namespaces: Namespaces
    let puller: ImagePuller
    /// Nil where nothing can be pulled.
    let registries: RegistryAccess?

    /// The registry client of a request; nil where nothing can be pulled.
    ///
    /// - Throws: ``Problem`` when the credentials are malformed.
    func client(for request: Request) throws -> RegistryClient? { try registries?.client(for: request) }

    /// Deploys a function.
    ///
    /// - Throws: ``CatalogError``, or ``Problem`` when the caller may not, or the image cannot be pulled.
    func deploy(
        _ deployment: Deployment,
        for caller: Caller?,
        using client: RegistryClient?,
        events: @escaping TransferEvents = { _ in }
    ) async throws -> Revision {
        try caller?.require(deployment, replacing: catalog.current(deployment.name))
        // Early, so that nothing is pulled in vain; the store decides.
        _ = try await namespaces.require(deployment.name.namespace)
        guard let client else { return try await catalog.deploy(deployment) }
        do throws(PulledDeployError) {
            return try await puller.deploying(deployment.imageReference, using: client, events: events) {
                () async throws(CatalogError) in try await catalog.deploy(deployment)
            }
        } catch {
            switch error {
            case .catalog(let error): throw error
            case .pull(let reference, let error): throw Self.problem(error, reference)
            }
        }
    }

    /// Not 404, which OpenFaaS's clients take for an unknown function.
    private static func problem(_ error: RegistryError, _ reference: String) -> Problem {
        var problem = Problem(error)
        if problem.status == 404 { problem.status = 400 }
        problem.detail = "no image '\(reference)' here, and \(problem.detail)"
        return problem
    }
}

extension JSONPlaces {
    /// Runs a deploy; a value that is not valid is reported with its place in the body.
    ///
    /// - Throws: ``Problem`` for such a value; else what `body` throws.
    func locating<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as ModelError {
            throw Problem(400, .invalid, located(error))
        } catch CatalogError.invalid(let error) {
            throw Problem(400, .invalid, located(error))
        }
    }
}
