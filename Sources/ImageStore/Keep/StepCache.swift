// SPDX-License-Identifier: Apache-2.0
// What the store's budget asks of the cache of build steps. ImageBuilder implements it.

package import FunctionModel
import OCI

/// The results of build steps, which are made again when they are needed.
package protocol StepCache: Sendable {
    /// Every cached step with the time of its last use.
    ///
    /// Blocks on the disk.
    func cachedSteps() throws(ImageError) -> [StoreCensus.Step]
    /// Forgets one step; false when the cache does not have it.
    ///
    /// Blocks on the disk.
    func forgetStep(_ key: Digest) -> Bool
    /// Layers that the cache knows: garbage collection leaves them as long as the cache is kept.
    func cachedLayers() async throws(ImageError) -> Set<Digest>
}
