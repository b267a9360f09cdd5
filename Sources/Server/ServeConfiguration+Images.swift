// SPDX-License-Identifier: Apache-2.0
// From the configuration to everything that works on images. GatewayProcess drives it.

import HTTPClient
import ImageBuilder
import ImageStore
import Logging
import Scheduler

/// The folder of builds cannot be used.
struct BuildFolderError: Error, CustomStringConvertible {
    let reason: String

    var description: String { "the build folder cannot be used: \(reason)" }
}

extension ServeConfiguration {
    /// Wires builder and keeper upon an engine's image store.
    ///
    /// Blocks for the build folder; nothing runs yet.
    func imageServices(of engine: Engine, logger: Logger) throws(BuildFolderError) -> ImageServices {
        let builder: ImageBuilder
        do throws(ImageError) {
            builder = try ImageBuilder(
                dataDirectory: dataDirectory,
                store: engine.images,
                runner: engine.steps,
                destinations: DestinationPolicy(allowed: buildAllow),
                logger: logger
            )
        } catch {
            throw BuildFolderError(reason: error.description)
        }
        return ImageServices(
            images: engine.images,
            builder: builder,
            functions: engine.functions,
            budget: imageBudget,
            logger: logger
        )
    }
}
