// SPDX-License-Identifier: Apache-2.0
// From names to images, and from images to trees that containers run in.

package import Sandbox

extension ImageStore {
    /// Finds an image by reference, `sha256:` digest, or the first digits of an image id (at least 12).
    ///
    /// - Throws: ``ImageError/unknownImage(_:)``, ``ImageError/wrongPlatform(reference:image:host:)``, or what is
    ///   wrong with the stored documents.
    package func resolve(_ reference: String) async throws(ImageError) -> Image {
        throw .unknownImage(reference)
    }

    /// Finds an image by the digest of its manifest, whether it has a name or not.
    package func image(digest: Digest) async throws(ImageError) -> Image {
        throw .unknownImage(digest.description)
    }

    /// The absolute path of an image's unpacked, read-only tree; unpacks when it is absent.
    ///
    /// Callers for the same layers share one unpacking.
    ///
    /// - Parameter digest: the manifest's.
    package func rootfs(for digest: Digest) async throws(ImageError) -> String {
        throw .unknownImage(digest.description)
    }

    /// Looks up who PID 1 is: the image's USER, or the given one, in the image's own /etc/passwd and /etc/group.
    ///
    /// - Parameters:
    ///   - digest: the manifest's.
    ///   - specification: `name`, `uid`, `name:group`, `uid:gid`; nil takes the image's USER.
    package func user(
        for digest: Digest,
        specification: String? = nil
    ) async throws(ImageError) -> ContainerAccount {
        throw .unknownImage(digest.description)
    }
}

/// A user of an image, with what a login would give it.
package struct ContainerAccount: Hashable, Sendable {
    package var user: ContainerUser
    /// `/` when passwd has no entry.
    package var home: String

    package init(user: ContainerUser, home: String) {
        self.user = user
        self.home = home
    }
}
