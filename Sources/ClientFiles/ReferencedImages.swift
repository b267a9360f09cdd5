// SPDX-License-Identifier: Apache-2.0
// The images of registries that a build reads. The command line sends their credentials.

import ImageBuilder

/// Reads Dockerfiles of the user's machine.
package enum ReferencedImages {
    /// The images that a build reads from registries.
    ///
    /// Blocks. Empty for a Dockerfile with a mistake, which the gateway reports.
    ///
    /// - Parameters:
    ///   - context: the folder, absolute.
    ///   - dockerfile: relative to it; nil is `Dockerfile`.
    ///   - arguments: build arguments by name.
    ///   - target: the stage to build; nil is the last.
    ///   - platform: for example `linux/arm64`; nil is the gateway's.
    /// - Returns: references as written in the Dockerfile.
    package static func find(
        context: String,
        dockerfile: String?,
        arguments: [String: String],
        target: String?,
        platform: String?
    ) -> [String] {
        var request = BuildRequest(contextDirectory: context)
        request.dockerfilePath = dockerfile
        request.buildArguments = arguments
        request.target = target
        request.platform = platform
        return (try? request.images()) ?? []
    }
}
