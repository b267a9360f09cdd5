// SPDX-License-Identifier: Apache-2.0
// From an image and a configuration to what a pool needs. Catalog asks before it changes anything.

import FunctionModel
import FunctionStore
import ImageStore
import OCI
import Sandbox

/// A deployment that has passed every check.
struct PreparedFunction: Sendable {
    /// The image's manifest.
    var digest: Digest
    /// As it was given, or as an image of OpenFaaS needs it.
    var configuration: FunctionConfiguration
    var plan: ContainerPlan
    var stopSignal: Int32
    /// `8080/tcp` each, as the image names them.
    var exposedPorts: [String]

    /// Where an `http` function serves: what its configuration says, else the image's single TCP port, else 8080.
    func port(_ configuration: FunctionConfiguration) -> UInt16 {
        if let port = configuration.port.flatMap({ UInt16(exactly: $0) }) { return port }
        let exposed = exposedPorts.compactMap { text -> UInt16? in
            let parts = text.split(separator: "/")
            guard let number = parts.first, parts.count == 1 || parts[1] == "tcp" else { return nil }
            return UInt16(number)
        }
        return exposed.count == 1 ? exposed[0] : Self.defaultPort
    }

    private static let defaultPort: UInt16 = 8080
}

/// Which image a deployment means.
enum ImageChoice: Sendable {
    case reference(String)
    /// A manifest, with the reference it once had.
    case digest(Digest, reference: String)

    var reference: String {
        switch self {
        case .reference(let reference), .digest(_, let reference): reference
        }
    }
}

/// Checks deployments against images, secrets and this host.
struct FunctionPreparer: Sendable {
    let images: ImageStore
    let secrets: any SecretRepository

    /// Finds the image, unpacks it when needed, and looks up user and secrets.
    ///
    /// Suspends for disk work.
    ///
    /// - Parameters:
    ///   - name: the function; also its sandboxes' host name.
    ///   - choice: the image.
    ///   - configuration: checked already.
    /// - Returns: what a pool needs.
    /// - Throws: ``CatalogError``.
    func prepare(
        _ name: FunctionName,
        _ choice: ImageChoice,
        _ configuration: FunctionConfiguration
    ) async throws(CatalogError) -> PreparedFunction {
        // The sandbox never has it, but without it no call could be served.
        _ = try await sandboxSecrets([configuration.authentication.secret].compactMap { $0 }, of: name)
        let overrides = ContainerOverrides(
            name,
            configuration,
            secrets: try await sandboxSecrets(configuration.secrets, of: name)
        )
        let image: Image
        let container: ContainerImage
        do throws(ImageError) {
            image = try await self.image(choice)
            container = try await images.container(of: image)
        } catch {
            throw Self.catalogError(error, choice.reference)
        }
        var plan: ContainerPlan
        do throws(ContainerPlanError) { plan = try ContainerPlanner.plan(container, overrides) } catch {
            throw Self.catalogError(error, choice.reference)
        }
        return PreparedFunction(
            digest: image.digest,
            configuration: try Self.replaceWatchdog(in: &plan, image.execution, configuration),
            plan: plan,
            stopSignal: StopSignal.number(image.execution.stopSignal),
            exposedPorts: (image.execution.exposedPorts ?? [:]).keys.sorted()
        )
    }

    /// Puts the program in the place of OpenFaaS's watchdog, where the image has one.
    private static func replaceWatchdog(
        in plan: inout ContainerPlan,
        _ image: ImageConfiguration.Execution,
        _ configuration: FunctionConfiguration
    ) throws(CatalogError) -> FunctionConfiguration {
        let own = (image.entrypoint ?? []) + (image.command ?? [])
        do throws(ModelError) {
            guard let found = try WatchdogImage.find(own, plan.environment, configuration) else {
                return configuration
            }
            plan.arguments = found.command
            let adapted = try found.applied(to: configuration)
            try adapted.validate()
            return adapted
        } catch {
            throw .invalid(error)
        }
    }

    private func image(_ choice: ImageChoice) async throws(ImageError) -> Image {
        switch choice {
        case .reference(let reference): try await images.resolve(reference)
        case .digest(let digest, _): try await images.image(digest: digest)
        }
    }

    /// The values of secrets of the function's namespace.
    func sandboxSecrets(_ names: [String], of function: FunctionName) async throws(CatalogError)
        -> [SandboxSecret]
    {
        let secrets = self.secrets.within(function.namespace)
        var files: [SandboxSecret] = []
        for name in names {
            do throws(SecretError) {
                files.append(SandboxSecret(name: name, bytes: try await secrets.read(name)))
            } catch .notFound {
                throw .unknownSecret(name)
            } catch {
                throw .storage(reason: error.description)
            }
        }
        return files
    }

    private static func catalogError(_ error: ImageError, _ reference: String) -> CatalogError {
        switch error {
        case .unknownImage: .unknownImage(reference: reference)
        case .invalid(.malformedReference(let text, let reason)):
            .invalid(ModelError(field: "image", value: text, expected: "an image reference: \(reason)"))
        case .noSpace, .system, .references, .cancelled: .storage(reason: error.description)
        default: .unusableImage(reference: reference, reason: error.description)
        }
    }

    private static func catalogError(_ error: ContainerPlanError, _ reference: String) -> CatalogError {
        switch error {
        case .noCommand:
            .unusableImage(
                reference: reference,
                reason: "it has neither ENTRYPOINT nor CMD, and the function gives no command"
            )
        case .mountTarget(let target, let expected):
            .invalid(ModelError(field: "mount", value: target, expected: expected))
        }
    }
}
