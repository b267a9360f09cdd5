// SPDX-License-Identifier: Apache-2.0
// Everything that works on images, wired together. Server makes one, Gateway uses it, Server ends it.

package import FunctionStore
package import ImageBuilder
package import ImageStore
package import Logging

/// The image store and what fills, cleans and uses it.
package struct ImageServices: Sendable {
    package let images: ImageStore
    package let builder: ImageBuilder
    package let keeper: ImageKeeper
    /// Brings images of registries into the store.
    package let puller: ImagePuller
    /// How many builds run at once.
    package let turns = BuildTurns()
    /// Long work that a stop ends.
    package let work = StoppableWork()

    /// Wires the services; nothing runs yet.
    ///
    /// - Parameters:
    ///   - images: the store.
    ///   - builder: upon the same store.
    ///   - functions: says which images revisions need.
    ///   - budget: how much disk images and build cache may take.
    ///   - logger: of the keeper.
    package init(
        images: ImageStore,
        builder: ImageBuilder,
        functions: any FunctionRepository,
        budget: ImageBudget,
        logger: Logger
    ) {
        self.images = images
        self.builder = builder
        keeper = ImageKeeper(
            images: images,
            builder: builder,
            functions: functions,
            budget: budget,
            logger: logger
        )
        puller = ImagePuller(images: images, keeper: keeper)
    }

    /// Ends what is under way: the database closes soon, and images that came now would get no name.
    ///
    /// Does not block.
    package func stop() {
        keeper.stop()
        work.stop()
    }
}
