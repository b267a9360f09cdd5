// SPDX-License-Identifier: Apache-2.0
// The events of a build, in order. Gateway writes a line of JSON for each.

package import FunctionModel

/// Progress of one build.
package enum BuildEvent: Hashable, Sendable {
    /// A step begins: `step` of `total` counts from 1, `stage` is its name or index.
    case stepStarted(stage: String, step: Int, total: Int, instruction: String)
    /// The result of the current step comes from the cache.
    case cached
    /// A line that the step's command wrote to stdout or stderr, without its line terminator.
    case output(String)
    /// The current step has ended. `layer` is the diff ID of its layer, if it made one.
    case stepDone(layer: Digest?)
    /// A valid construct that is probably a mistake.
    case warning(line: Int?, text: String)
    /// The last event: the digest of the image's manifest.
    case built(digest: Digest)
}
