// SPDX-License-Identifier: Apache-2.0
// The interface of the builder: makes an image in the store of a folder with a Dockerfile.

package import FunctionModel
import Glibc
package import HTTPClient
import OCI
package import ImageStore
package import Logging

/// Builds images.
///
/// Safe from any task; several builds may run at once.
package final class ImageBuilder: Sendable {
    let store: ImageStore
    /// `DATA/build`: the layer cache and the trees of running builds.
    let directory: String
    let cache: BuildCache
    let runner: any StepRunner
    /// The addresses that ADD of a URL may reach.
    let destinations: DestinationPolicy
    let logger: Logger
    /// The time, in seconds since 1970.
    let clock: @Sendable () -> Int

    /// Opens the builder and removes leftovers of a killed process.
    ///
    /// Blocks on the disk.
    ///
    /// - Parameters:
    ///   - dataDirectory: DATA; `build` below it belongs to the builder.
    ///   - store: holds base images and receives the result.
    ///   - runner: executes RUN; the default refuses every RUN.
    ///   - destinations: the addresses that ADD of a URL may reach; the public internet by default.
    ///   - clock: the time in seconds since 1970, asked once a build.
    ///   - logger: receives a message for each leftover.
    /// - Throws: ``ImageError`` when the folder cannot be made or read.
    package init(
        dataDirectory: String,
        store: ImageStore,
        runner: any StepRunner = UnavailableStepRunner(),
        destinations: DestinationPolicy = DestinationPolicy(),
        clock: @escaping @Sendable () -> Int = { time(nil) },
        logger: Logger
    ) throws(ImageError) {
        self.store = store
        self.runner = runner
        self.destinations = destinations
        self.clock = clock
        self.logger = logger
        directory = dataDirectory + "/build"
        try Directories.make(directory)
        try StepFolder.sweep(directory, store.trees, logger)
        cache = try BuildCache(directory: directory + "/cache", blobs: store.blobs)
    }

    /// Builds one image and gives it its name.
    ///
    /// - Parameters:
    ///   - request: the build.
    ///   - bases: fetches base images that are not in the store; nil leaves them missing.
    ///   - events: called in order with each event, from the builder's threads; must not block for long.
    /// - Returns: the digest of the image's manifest; the same as before when every step is cached.
    /// - Throws: ``BuildError``; a failed build leaves no name.
    package func build(
        _ request: BuildRequest,
        bases: (any BaseImageSource)? = nil,
        events: @escaping @Sendable (BuildEvent) -> Void
    ) async throws(BuildError) -> Digest {
        let flag = CancellationFlag()
        // `withTaskCancellationHandler` has no typed throws, so the outcome passes through it as a value.
        let outcome: Result<Digest, BuildError> = await withTaskCancellationHandler {
            do throws(BuildError) {
                var run = try await BuildRun(self, request, bases, cancellation: flag, events: events)
                return .success(try await run.run())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            flag.cancel()
        }
        return try outcome.get()
    }

    /// Layers of cached steps, which garbage collection keeps.
    ///
    /// - Throws: ``ImageError`` when the cache cannot be read.
    package func cachedLayers() async throws(ImageError) -> Set<Digest> {
        let cache = cache
        return try await BlockingWork.run { () throws(ImageError) in try cache.layers() }
    }

    /// Removes cached steps; the store's next garbage collection removes their layers.
    ///
    /// - Parameter cutoff: steps last used before it are removed, in seconds since 1970; nil removes all.
    /// - Returns: the number of removed steps.
    /// - Throws: ``ImageError`` when the cache cannot be read.
    package func forgetCache(usedBefore cutoff: Int? = nil) async throws(ImageError) -> Int {
        let cache = cache
        return try await BlockingWork.run { () throws(ImageError) in try cache.forget(usedBefore: cutoff) }
    }
}

extension ImageBuilder: StepCache {
    /// Every cached step; see ``StepCache``.
    package func cachedSteps() throws(ImageError) -> [StoreCensus.Step] { try cache.steps() }

    /// Removes one step; see ``StepCache``.
    package func forgetStep(_ key: Digest) -> Bool { cache.forget(key) }
}
