// SPDX-License-Identifier: Apache-2.0
// Gives disk space back: what belongs to nothing, and past the budget what is least needed. Server runs it.

package import FunctionModel
package import FunctionStore
package import ImageBuilder
package import ImageStore
package import Logging
import Synchronization

/// Keeps the image store clean and within its budget.
package final class ImageKeeper: Sendable {
    private let images: ImageStore
    private let builder: ImageBuilder?
    private let functions: any FunctionRepository
    private let budget: ImageBudget
    private let logger: Logger
    /// Requests to check the budget; those that arrive while the service works are merged into one.
    private let requests: AsyncStream<Void>
    private let request: AsyncStream<Void>.Continuation
    private let isStopping = Atomic(false)

    /// - Parameters:
    ///   - images: the store to keep.
    ///   - builder: whose cache counts; nil where nothing is built.
    ///   - functions: says which images revisions need.
    ///   - budget: how much disk images and cache may take.
    ///   - logger: gets what was evicted, and failures.
    package init(
        images: ImageStore,
        builder: ImageBuilder?,
        functions: any FunctionRepository,
        budget: ImageBudget,
        logger: Logger
    ) {
        self.images = images
        self.builder = builder
        self.functions = functions
        self.budget = budget
        self.logger = logger
        (requests, request) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The store may have grown: the budget is checked soon.
    ///
    /// Does not block.
    package func grown() { request.yield() }

    /// The gateway stops: what fails from now on fails for that, and the next start looks again.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        request.finish()
    }

    /// Sweeps what an earlier process left, then keeps the budget until the task is cancelled.
    ///
    /// - Parameter leftovers: folders of uploaded build contexts that an earlier process left.
    package func run(removing leftovers: [String] = []) async {
        do {
            for folder in leftovers { try await UploadedContext(leftover: folder).remove() }
            let report = try await sweep()
            if report.freedBytes > 0 {
                logger.info("removed leftovers of images", metadata: ["bytes": "\(report.freedBytes)"])
            }
        } catch {
            logger.error("the image store cannot be swept", metadata: ["reason": "\(error)"])
        }
        grown()
        for await _ in requests { await keepBudget() }
    }

    private func keepBudget() async {
        do {
            let report = try await images.fit(
                budget,
                cache: builder,
                inUse: { () async throws(ImageError) in try await self.digestsInUse() }
            )
            guard !report.isEmpty else { return }
            logger.notice(
                "evicted to keep the image budget",
                metadata: [
                    "images": "\(report.images)", "trees": "\(report.trees)", "steps": "\(report.steps)",
                    "used": "\(report.usedBytes)", "budget": "\(report.limitBytes)",
                ]
            )
        } catch {
            if isStopping.load(ordering: .relaxed) { return }
            logger.error("the image budget cannot be kept", metadata: ["reason": "\(error)"])
        }
    }

    /// Removes what belongs to no image, named or not, and to no build step.
    ///
    /// - Returns: what was given back.
    /// - Throws: ``ImageError``, or what the build cache throws.
    @discardableResult
    package func sweep() async throws -> PruneReport {
        var pruning = ImageStore.Pruning(inUse: try await digestsInUse())
        pruning.kept = try await builder?.cachedLayers() ?? []
        pruning.takesUnnamed = false
        pruning.takesPartials = false
        return try await images.prune(pruning)
    }

    /// Removes images without a name, too, and what is asked for besides.
    ///
    /// - Parameters:
    ///   - takesUnused: also named images that no kept revision needs.
    ///   - takesCache: also the build cache.
    /// - Returns: what was given back.
    /// - Throws: ``ImageError``, or what the build cache throws.
    package func prune(takesUnused: Bool, takesCache: Bool) async throws -> PruneReport {
        if takesCache { _ = try await builder?.forgetCache() }
        var pruning = ImageStore.Pruning(inUse: try await digestsInUse())
        pruning.kept = try await builder?.cachedLayers() ?? []
        pruning.takesUnused = takesUnused
        return try await images.prune(pruning)
    }

    /// The kept revisions that need each image, by its digest.
    ///
    /// - Throws: ``ImageError/references(_:)``.
    package func users() async throws(ImageError) -> [Digest: [String]] {
        do throws(StoreError) {
            return try await functions.imageUsers()
        } catch {
            throw .references(error.description)
        }
    }

    /// Images of every kept revision.
    ///
    /// - Throws: ``ImageError/references(_:)``.
    package func digestsInUse() async throws(ImageError) -> Set<Digest> {
        do throws(StoreError) {
            return try await functions.digestsInUse()
        } catch {
            throw .references(error.description)
        }
    }
}
