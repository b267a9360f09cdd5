// SPDX-License-Identifier: Apache-2.0
// The source of base images that the store does not have. A driver in Scheduler, which knows registries, implements it.

package import ImageStore
package import OCI

/// Fetches base images into the store.
package protocol BaseImageSource: Sendable {
    /// Fetches one image and gives it its name in the store.
    ///
    /// - Parameters:
    ///   - reference: the name in FROM.
    ///   - platform: chosen from an index; nil takes the host's.
    ///   - store: receives the image.
    ///   - progress: called with one line per event for the build's output.
    /// - Returns: the image that the name now refers to.
    /// - Throws: ``BaseImageFailure``; the name then still refers to its earlier image.
    func fetch(
        _ reference: String,
        platform: Platform?,
        into store: ImageStore,
        progress: @escaping @Sendable (String) -> Void
    ) async throws(BaseImageFailure) -> Image
}

/// Why a base image could not be fetched.
package enum BaseImageFailure: Error, Hashable, Sendable {
    case cancelled
    /// The source's own message.
    case failed(reason: String)
}
