// SPDX-License-Identifier: Apache-2.0
// Fetches the base images of builds from registries. The build's caller makes one with the client's credentials.

import FunctionModel
package import ImageBuilder
package import ImageStore
package import OCI
package import Registry

/// Base images from registries.
package struct RegistryBaseImages: BaseImageSource {
    private let client: RegistryClient

    /// - Parameter client: whose credentials and mirrors to use.
    package init(_ client: RegistryClient) { self.client = client }

    /// Pulls one image; see ``BaseImageSource``.
    package func fetch(
        _ reference: String,
        platform: Platform?,
        into store: ImageStore,
        progress: @escaping @Sendable (String) -> Void
    ) async throws(BaseImageFailure) -> Image {
        do throws(RegistryError) {
            return try await store.pull(reference, platform: platform, using: client) { event in
                if let line = Self.line(event) { progress(line) }
            }
        } catch {
            throw error == .cancelled ? .cancelled : .failed(reason: error.description)
        }
    }

    /// What of a pull is worth a line among a build's.
    private static func line(_ event: TransferEvent) -> String? {
        switch event {
        case .finished(let digest, let size): "pulled \(digest.hex.prefix(12)), \(size) bytes"
        case .retrying(let what, let reason, _): "\(what): \(reason); trying again"
        default: nil
        }
    }
}
