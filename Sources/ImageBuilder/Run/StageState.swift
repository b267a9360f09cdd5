// SPDX-License-Identifier: Apache-2.0
// The state of a stage: configuration, layers and cache key. BuildRun passes it from step to step.

import FunctionModel
import OCI
import Synchronization

/// One layer of a stage.
struct StageLayer: Hashable, Sendable {
    var descriptor: Descriptor
    var diffID: Digest
}

/// The state of a stage between two steps.
struct StageState: Sendable {
    var draft: StageDraft
    var layers: [StageLayer] = []
    /// The key of the last step.
    var key: Digest
    var platform: Platform
    /// What the steps since ``unpackedLayers`` have put into the tree.
    var overlay = TreeOverlay()
    /// The number of layers below ``overlay``.
    var unpackedLayers = 0
    /// The base image: its tree serves as long as nothing else has to be unpacked.
    var baseImage: Digest?
    /// How many layers the base image has.
    var baseLayers = 0

    /// The configuration document as it is now, dated as its last step.
    func configuration() -> ImageConfiguration {
        var configuration = ImageConfiguration(platform: platform, config: draft.execution)
        configuration.created = draft.history.last?.created ?? BuildDates.text(0)
        configuration.author = draft.author
        configuration.history = draft.history
        configuration.rootfs = ImageConfiguration.Layers(diffIDs: layers.map(\.diffID))
        return configuration
    }

    /// Notes a step's layer.
    ///
    /// Without its entries the tree has to be unpacked again when it is needed.
    mutating func add(_ layer: StageLayer, entries: [LayerEntry]?) {
        layers.append(layer)
        if let entries {
            overlay.add(entries)
        } else {
            overlay = TreeOverlay()
            unpackedLayers = layers.count
        }
    }
}

/// Set once, read often, by threads of the builder.
final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    /// Asks the build to end at the next file.
    func cancel() { flag.store(true, ordering: .relaxed) }
    var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
