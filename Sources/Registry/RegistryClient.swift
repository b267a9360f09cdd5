// SPDX-License-Identifier: Apache-2.0
// The client of registries (distribution-spec 1.1). One client serves any number of pulls and pushes at once.

package import OCI
package import FunctionModel
import Synchronization

/// Pulls and pushes images.
///
/// Its only state are tokens, until they expire.
package final class RegistryClient: Sendable {
    /// The options of a client.
    package struct Options: Sendable {
        package var registries = RegistryConfiguration()
        /// Networks besides the public internet to which a registry's answers may refer.
        package var allowed: [IPv4Network] = []
        package var credentials: CredentialSource = .file(DockerConfigFile.Locations.ofEnvironment())
        /// Blobs transferred at once: two keep a line busy, and images have few layers.
        package var transfersMax = 4
        /// Seconds without a byte after which a connection counts as broken.
        package var idleTimeoutSeconds = 30
        /// Blobs up to this many bytes are sent in one request, larger ones in chunks that can be resumed.
        package var monolithicBytesMax = 32 << 20
        /// Bytes of a chunk, which is held in memory; some registries accept no smaller ones.
        package var chunkBytes = 5 << 20
        var retry = RetryPlan.Limits()

        package init() {}
    }

    let options: Options
    let tokens = Mutex(TokenCache())

    package init(_ options: Options = Options()) { self.options = options }
}

/// The result of a pull.
package struct PulledImage: Hashable, Sendable {
    /// The content under the name at the registry: a manifest, or an index of several.
    package var root: Descriptor
    /// The manifest for the platform; ``root`` itself when that is no index.
    package var manifest: Descriptor
}
