// SPDX-License-Identifier: Apache-2.0
// The interface of the store's budget to the cache of build steps. ImageBuilder implements it.

package import FunctionModel
import OCI

/// The results of build steps, which can be made again.
package protocol StepCache: Sendable {
    /// Every cached step with the time of its last use.
    ///
    /// Blocks on the disk.
    func cachedSteps() throws(ImageError) -> [StoreCensus.Step]
    /// Removes one step; false when the cache does not have it.
    ///
    /// Blocks on the disk.
    func forgetStep(_ key: Digest) -> Bool
    /// Layers of cached steps, which garbage collection keeps.
    func cachedLayers() async throws(ImageError) -> Set<Digest>
}
