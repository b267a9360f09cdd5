// SPDX-License-Identifier: Apache-2.0
// The typed error of the image store, archives and unpacking; its text is made here once.

package import FunctionModel
package import OCI
import Sandbox

/// Why an image could not be read, stored, unpacked or found.
package enum ImageError: Error, Hashable, Codable, Sendable, CustomStringConvertible {
    /// A name, digest or document violates the OCI specifications.
    case invalid(OCIError)
    /// No image has this reference or digest.
    case unknownImage(String)
    /// A blob that a document refers to is not in the store.
    case missingBlob(Digest, neededBy: String)
    /// Content does not match its descriptor.
    case digestMismatch(what: String, expected: Digest, actual: Digest)
    case sizeMismatch(what: String, expected: Int, actual: Int)
    /// The image is for another operating system or processor.
    case wrongPlatform(reference: String, image: String, host: String)
    /// The file is no archive of a known form, or is truncated or damaged.
    case malformedArchive(file: String, reason: String)
    /// The archive or folder holds no images: perhaps a root file system.
    case notAnImage(file: String, holdsRoot: Bool)
    /// An entry of a layer that only an attack needs.
    case hostileEntry(name: String, reason: String)
    /// The layers together make a tree that must not become a root.
    case hostileTree(path: String, reason: String)
    /// One of ``UnpackLimits`` was exceeded.
    case limitExceeded(what: String, limit: Int)
    /// The image has no user of the name in USER.
    case unknownUser(String)
    /// USER has an id that containers do not map.
    case userOutOfRange(String)
    /// Deployed functions use the image.
    case inUse(reference: String, by: [String])
    /// The file system or quota is full; the operation kept no data.
    case noSpace(path: String)
    /// A system call failed.
    case system(call: String, path: String, errorNumber: Int32)
    /// The confined process that works on image files failed, or could not be started.
    case worker(reason: String)
    /// The records of references could not be read or written.
    case references(String)
    case cancelled

    package var description: String {
        switch self {
        case .invalid(let error): error.description
        case .unknownImage(let name):
            "image '\(name)' is not in the store; load it with 'faasctl image load', pull it or build it"
        case .missingBlob(let digest, let owner): "\(owner) needs \(digest), which is not in the store"
        case .digestMismatch(let what, let expected, let actual):
            "\(what) has digest \(actual), expected \(expected)"
        case .sizeMismatch(let what, let expected, let actual):
            "\(what) has \(actual) bytes, expected \(expected)"
        case .wrongPlatform(let reference, let image, let host):
            "image '\(reference)' is for \(image), this host is \(host)"
        case .malformedArchive(let file, let reason): "\(file): \(reason)"
        case .notAnImage(let file, let holdsRoot):
            "\(file) has neither manifest.json nor index.json: it is "
                + (holdsRoot
                    ? "a root file system, not an archive of images; import it with 'faasctl image import'"
                    : "not an archive of images; 'faasctl image import' makes an image of any tar archive")
        case .hostileEntry(let name, let reason): "entry '\(name)' refused: \(reason)"
        case .hostileTree(let path, let reason): "image refused: \(path) \(reason)"
        case .limitExceeded(let what, let limit): "\(what) exceeds the limit of \(limit)"
        case .unknownUser(let name): "USER '\(name)' is not in the image's /etc/passwd or /etc/group"
        case .userOutOfRange(let name):
            "USER '\(name)': a container has users and groups from 0 to \(ContainerUser.idMax)"
        case .inUse(let reference, let users):
            "image '\(reference)' is in use by \(users.joined(separator: ", "))"
        case .noSpace(let path): "no space left for \(path); nothing was kept"
        case .system(let call, let path, let number): "\(call) \(path): \(SystemCall.message(number))"
        case .worker(let reason): "the worker for image files: \(reason)"
        case .references(let reason): "image references: \(reason)"
        case .cancelled: "cancelled"
        }
    }
}

extension ImageError {
    /// Parses a name, digest or document and converts its error to this type.
    package static func reading<Value>(_ body: () throws(OCIError) -> Value) throws(ImageError) -> Value {
        do throws(OCIError) { return try body() } catch { throw .invalid(error) }
    }
}

extension ImageError {
    /// A malformed document of an archive, an index or a cache.
    package static func malformedDocument(what: String, reason: String) -> ImageError {
        .invalid(.malformedDocument(what: what, reason: reason))
    }

    /// A media type that is not valid for a part of an image.
    static func unknownMediaType(_ type: String, in owner: String) -> ImageError {
        .invalid(.unknownMediaType(type, in: owner))
    }
}
