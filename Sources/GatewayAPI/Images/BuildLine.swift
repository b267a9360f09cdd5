// SPDX-License-Identifier: Apache-2.0
// A build's event as one line of JSON, and its last line. Gateway writes the lines; build and deploy show them.

package import FunctionModel
import OCI

/// Progress of one build.
package enum BuildLine: Hashable, Sendable, Codable {
    /// A step begins: `step` of `total` counts from 1, `stage` is its name or index.
    case stepStarted(stage: String, step: Int, total: Int, instruction: String)
    /// The step just started was done in an earlier build.
    case cached
    /// A line that the step's command wrote to stdout or stderr, without its end of line.
    case output(String)
    /// The step just started is done; `layer` is the diff ID of the layer it made, if any.
    case stepDone(layer: Digest?)
    /// Something is allowed, but most likely not meant.
    case warning(line: Int?, text: String)
    /// The last event of a build that succeeded: the digest of the image's manifest.
    case built(digest: Digest)
}

/// The last line of a build: the event `built` with the digest beside it, or the error.
package struct BuildEnd: Hashable, Sendable, Codable {
    package var built: Built?
    package var digest: Digest?
    package var error: String?

    /// As BuildLine/built(digest:) is coded.
    package struct Built: Hashable, Sendable, Codable {
        package var digest: Digest
    }

    package init(digest: Digest) {
        built = Built(digest: digest)
        self.digest = digest
    }

    package init(error: String) { self.error = error }
}
