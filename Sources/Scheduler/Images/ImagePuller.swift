// SPDX-License-Identifier: Apache-2.0
// Pulls images, alone or for a deploy that lacks its image. Gateway's transfers and deploys drive it.

package import FunctionModel
package import ImageStore
package import OCI
package import Registry

/// Why a deploy that may pull its image failed.
package enum PulledDeployError: Error, Sendable {
    /// The catalog refused it.
    case catalog(CatalogError)
    /// The image was not in the store, and could not be pulled.
    case pull(reference: String, RegistryError)
}

/// Pulls images of registries into the store.
package struct ImagePuller: Sendable {
    private let images: ImageStore
    private let keeper: ImageKeeper?

    /// - Parameters:
    ///   - images: where the images go.
    ///   - keeper: learns that the store may have grown; nil where none keeps a budget.
    package init(images: ImageStore, keeper: ImageKeeper?) {
        self.images = images
        self.keeper = keeper
    }

    /// Pulls an image.
    ///
    /// - Parameters:
    ///   - reference: by tag or digest.
    ///   - platform: of an index; nil takes this host's.
    ///   - onlyMissing: leaves alone what the store has under this reference.
    ///   - client: with the credentials of the request.
    ///   - events: called from several threads.
    /// - Returns: the digest that the reference has now.
    /// - Throws: ``RegistryError``.
    package func pull(
        _ reference: String,
        platform: Platform? = nil,
        onlyMissing: Bool = false,
        using client: RegistryClient,
        events: @escaping TransferEvents = { _ in }
    ) async throws(RegistryError) -> Digest {
        if onlyMissing, let digest = try await present(reference) { return digest }
        defer { keeper?.grown() }
        return try await images.pull(reference, platform: platform, using: client, events: events).digest
    }

    /// Deploys; when the image is not in the store, pulls it and deploys once more.
    ///
    /// - Parameters:
    ///   - reference: the deployment's image; a digest alone cannot be pulled.
    ///   - client: with the credentials of the request.
    ///   - events: of the pull.
    ///   - deploy: the deploy itself; it may unpack the image.
    /// - Returns: what `deploy` returns.
    /// - Throws: ``PulledDeployError``.
    package func deploying<Value: Sendable>(
        _ reference: String,
        using client: RegistryClient,
        events: @escaping TransferEvents = { _ in },
        _ deploy: () async throws(CatalogError) -> Value
    ) async throws(PulledDeployError) -> Value {
        defer { keeper?.grown() }
        do throws(CatalogError) {
            return try await deploy()
        } catch .unknownImage where !reference.hasPrefix("sha256:") {
            // Pulled below.
        } catch {
            throw .catalog(error)
        }
        do throws(RegistryError) { _ = try await pull(reference, using: client, events: events) } catch {
            throw .pull(reference: reference, error)
        }
        do throws(CatalogError) { return try await deploy() } catch { throw .catalog(error) }
    }

    /// The digest of an image that is in the store; nil when it has to be pulled.
    private func present(_ reference: String) async throws(RegistryError) -> Digest? {
        do throws(ImageError) {
            return try await images.resolve(reference).digest
        } catch .unknownImage where !reference.hasPrefix("sha256:") {
            return nil
        } catch {
            throw .store(error)
        }
    }
}
