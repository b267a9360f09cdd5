// SPDX-License-Identifier: Apache-2.0
// Resolves names to images, and images to trees for containers.

package import FunctionModel
import OCI
import Glibc
package import Sandbox

extension ImageStore {
    /// Finds an image by reference, `sha256:` digest, or the first digits of an image id (at least 12).
    ///
    /// - Throws: ``ImageError/unknownImage(_:)``, ``ImageError/wrongPlatform(reference:image:host:)``, or the error
    ///   of a stored document.
    package func resolve(_ reference: String) async throws(ImageError) -> Image {
        let digest = try await digest(named: reference)
        return try await BlockingWork.run { () throws(ImageError) in
            // The budget removes images by the time of their last use.
            _ = self.blobs.claim(digest)
            return try self.image(digest, called: reference)
        }
    }

    /// The digest that a reference, digest or id means now; reads no document of the image.
    ///
    /// - Throws: ``ImageError/unknownImage(_:)``, ``ImageError/references(_:)``.
    package func currentDigest(of reference: String) async throws(ImageError) -> Digest {
        try await digest(named: reference)
    }

    /// Finds an image by the digest of its manifest or index, with or without a name.
    package func image(digest: Digest) async throws(ImageError) -> Image {
        try await BlockingWork.run { () throws(ImageError) in
            try self.image(digest, called: digest.description)
        }
    }

    /// The absolute path of an image's unpacked, read-only tree; unpacks it when it is absent.
    ///
    /// Concurrent callers with equal layers share one unpacking.
    ///
    /// - Parameter digest: the manifest's or index's.
    /// - Returns: a folder below `DATA/rootfs`.
    /// - Throws: ``ImageError``; a failed unpacking leaves no files.
    package func rootfs(for digest: Digest) async throws(ImageError) -> String {
        try await roots.path(of: try await image(digest: digest))
    }

    /// Unpacks an image when needed, and finds the user of its containers in its own /etc/passwd and /etc/group.
    ///
    /// Suspends for disk work; reads no document of the image again.
    ///
    /// - Parameters:
    ///   - image: a result of ``resolve(_:)`` or ``image(digest:)``.
    ///   - user: `name`, `uid`, `name:group`, `uid:gid`; nil uses the image's USER.
    /// - Returns: the image's part of a container's plan.
    /// - Throws: ``ImageError``; for the user ``ImageError/unknownUser(_:)`` and ``ImageError/userOutOfRange(_:)``.
    package func container(of image: Image, user: String? = nil) async throws(ImageError) -> ContainerImage {
        let rootfs = try await roots.path(of: image)
        let account = try await account(user ?? image.execution.user ?? "", in: rootfs)
        return ContainerImage(rootfs: rootfs, account: account, execution: image.execution)
    }

    /// The tree of an image for a step of a build only.
    package func stepRoot(for digest: Digest) async throws(ImageError) -> StepRoot {
        try await roots.step(of: try await image(digest: digest))
    }

    /// Looks up a user in a tree.
    package func account(_ specification: String, in path: String) async throws(ImageError)
        -> ContainerAccount
    {
        try await BlockingWork.run { () throws(ImageError) in
            do throws(ImageError) {
                return try ContainerUserLookup.find(specification, rootfs: path)
            } catch .system(_, _, EACCES) where !self.trees.isDirect {
                // The image's files may be unreadable for this user.
                let session = try self.trees.session(on: path, isWritable: false)
                guard case .account(let account) = try session.ask(.account(specification), layers: []).answer
                else { throw .worker(reason: "an answer that is not an account") }
                return account
            }
        }
    }

    /// The digest of a name: looks in the table of references first, then among digests and image ids.
    func digest(named name: String) async throws(ImageError) -> Digest {
        if name.hasPrefix("sha256:"), let digest = try? Digest(name) {
            // A digest may be that of a manifest or, as Docker prints ids, of a configuration.
            if let owner = try await self.digest(ofImageID: name) { return owner }
            guard blobs.size(of: digest) != nil else { throw .unknownImage(name) }
            return digest
        }
        // A text that is no reference may be the beginning of an id.
        if let reference = try? ImageReference(name) {
            if let record = try await references.get(reference.withoutDigest.description) {
                guard let wanted = reference.digest, wanted != record.digest else { return record.digest }
            }
            if let digest = reference.digest, blobs.size(of: digest) != nil { return digest }
        }
        if let digest = try await digest(ofImageID: name) { return digest }
        throw .unknownImage(name)
    }

    private func digest(ofImageID name: String) async throws(ImageError) -> Digest? {
        let digits = name.hasPrefix("sha256:") ? String(name.dropFirst(7)) : name
        let minimumDigits = 12
        guard digits.utf8.count >= minimumDigits, digits.allSatisfy(\.isHexDigit) else { return nil }
        let records = try await references.all()
        return try await BlockingWork.run { () throws(ImageError) in
            for record in records {
                // A record with damaged documents is skipped; verify() reports it.
                guard let image = try? self.image(record.digest, called: record.reference, anyPlatform: true)
                else { continue }
                if image.configurationDigest.hex.hasPrefix(digits) || record.digest.hex.hasPrefix(digits) {
                    return record.digest
                }
            }
            return nil
        }
    }
}

/// A user of an image with its groups and home.
package struct ContainerAccount: Hashable, Codable, Sendable {
    package var user: ContainerUser
    /// `/` when passwd has no entry.
    package var home: String

    package init(user: ContainerUser, home: String) {
        self.user = user
        self.home = home
    }
}
