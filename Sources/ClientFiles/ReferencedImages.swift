// SPDX-License-Identifier: Apache-2.0
// Which images of registries a build reads. The command line sends their credentials along.

import ImageBuilder

/// Reads Dockerfiles of the user's machine.
package enum ReferencedImages {
    /// The images that a build reads from registries.
    ///
    /// Blocks. A Dockerfile with a mistake has none: the gateway reports the mistake.
    ///
    /// - Parameters:
    ///   - context: the folder, absolute.
    ///   - dockerfile: relative to it; nil is `Dockerfile`.
    ///   - arguments: build arguments by name.
    ///   - target: the stage to build; nil is the last.
    ///   - platform: for example `linux/arm64`; nil is the gateway's.
    /// - Returns: references as the Dockerfile has them.
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
