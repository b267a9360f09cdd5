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
    /// The changes of steps since ``unpackedLayers``.
    var overlay = TreeOverlay()
    /// The number of layers below ``overlay``.
    var unpackedLayers = 0
    /// The base image, whose tree is used until another layer has to be unpacked.
    var baseImage: Digest?
    /// The base image's number of layers.
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

    /// Adds a step's layer.
    ///
    /// Without its entries the tree is unpacked again when it is needed.
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

/// Set once and read often by threads of the builder.
final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    /// The build ends at the next file.
    func cancel() { flag.store(true, ordering: .relaxed) }
    var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
