// SPDX-License-Identifier: Apache-2.0
// What happens during a build, as values in order. Gateway writes a line of JSON for each.

/// Progress of one build.
package enum BuildEvent: Hashable, Sendable {
    /// A step begins: `step` of `total` counts from 1, `stage` is its name or index.
    case stepStarted(stage: String, step: Int, total: Int, instruction: String)
    /// The step just started was done in an earlier build.
    case cached
    /// A line that the step's command wrote to stdout or stderr, without its end of line.
    case output(String)
    /// The step just started is done. `layer` is the diff ID of the layer it made, if any.
    case stepDone(layer: String?)
    /// Something is allowed, but most likely not meant.
    case warning(line: Int?, text: String)
    /// The last event: the digest of the image's manifest.
    case built(digest: String)
}
