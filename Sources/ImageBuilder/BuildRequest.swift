// SPDX-License-Identifier: Apache-2.0
// The request for one build. The command line and the HTTP edge make one; ImageBuilder executes it.

import OCI
package import FunctionModel

/// One build: a folder, a Dockerfile, and how to build it.
package struct BuildRequest: Hashable, Sendable {
    /// Absolute path of the build context.
    ///
    /// Nothing outside it is read.
    package var contextDirectory: String
    /// Where the Dockerfile is, absolute or relative to the context; nil means `Dockerfile` in the context.
    package var dockerfilePath: String?
    /// Values for `ARG`, as `--build-arg` gives them.
    ///
    /// `SOURCE_DATE_EPOCH` among them bounds the dates of the image.
    package var buildArguments: [String: String] = [:]
    /// Name or index of the stage to build; nil means the last.
    package var target: String?
    /// Whether every step is executed even where the cache has its result.
    package var noCache = false
    /// `os/architecture[/variant]`; nil means this host's.
    package var platform: String?
    /// Reference that refers to the image afterwards; nil leaves it untagged.
    package var tag: String?
    /// Network of RUN steps without `--network`.
    package var networkMode = NetworkMode.egress
    /// Files for `RUN --mount=type=secret`: id to absolute path on this host.
    package var secrets: [String: String] = [:]

    package init(contextDirectory: String) { self.contextDirectory = contextDirectory }

    /// The images that the build reads, by their names in the Dockerfile.
    ///
    /// Reads the Dockerfile only. Blocks on the disk.
    ///
    /// - Throws: ``BuildError`` as the build itself would.
    package func images() throws(BuildError) -> [String] {
        try BuildPlan(try BuildContext(self).dockerfile, request: self, host: .host).images()
    }
}
