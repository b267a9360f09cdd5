// SPDX-License-Identifier: Apache-2.0
// Where a build gets base images that the store does not have. A driver above, which knows registries, implements it.

package import ImageStore
package import OCI

/// Fetches base images into the store.
package protocol BaseImageSource: Sendable {
    /// Fetches one image and names it.
    ///
    /// - Parameters:
    ///   - reference: as FROM names it.
    ///   - platform: chosen from an index; nil takes the host's.
    ///   - store: receives the image.
    ///   - progress: one line per event that is worth showing among the build's output.
    /// - Returns: the image that the name now means.
    /// - Throws: ``BaseImageFailure``; the name then still means what it meant before.
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
    /// The source's own words.
    case failed(reason: String)
}
