// SPDX-License-Identifier: Apache-2.0
// Typed errors of pulling and pushing, with separate cases for "not found", "not allowed" and "unreachable".

package import ImageStore
import OCI

/// A registry's refusal.
package struct RegistryAnswer: Hashable, Sendable {
    /// The subject of the request, for example `docker.io/library/hello:latest`.
    package var subject: String
    /// The host that answered.
    package var host: String
    /// The HTTP status.
    package var status: Int
    /// The registry's own code, for example `MANIFEST_UNKNOWN`; nil without one.
    package var code: String?
    /// The registry's message, truncated and without control characters.
    package var message: String?

    /// The refusal as one phrase.
    package var quote: String {
        let words = [code, message].compactMap(\.self).joined(separator: ": ")
        return words.isEmpty ? "HTTP \(status)" : "\(words) (HTTP \(status))"
    }
}

/// Why an image could not be pulled or pushed, or why a login failed.
package enum RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The registry does not have the subject.
    case notFound(RegistryAnswer)
    /// The registry rejects the credentials, or forbids the operation.
    case notAllowed(RegistryAnswer)
    /// There is no answer, or the connection breaks repeatedly.
    case unreachable(host: String, reason: String)
    /// Any other refusal of the registry.
    case refused(RegistryAnswer)
    /// The registry violated the protocol.
    case violation(host: String, reason: String)
    /// Content does not match the request; it was not kept.
    case wrongContent(what: String, reason: String)
    /// A media type that this program does not know.
    case unknownMediaType(String, in: String)
    /// A document of the registry exceeds its limit.
    case tooLarge(what: String, limitBytes: Int)
    /// The index has no image for the platform.
    case noPlatform(reference: String, wanted: String, offered: [String])
    /// A credential file or helper could not be used.
    case credentials(String)
    /// The configuration is invalid.
    case configuration(String)
    /// The local store failed.
    case store(ImageError)
    case cancelled

    package var description: String {
        switch self {
        case .notFound(let answer):
            "\(answer.subject) not found at \(answer.host): \(answer.quote); check name and tag"
        case .notAllowed(let answer) where answer.subject == answer.host:
            "login not allowed at \(answer.host): \(answer.quote); check user and password"
        case .notAllowed(let answer):
            "\(answer.subject) not allowed at \(answer.host): \(answer.quote); "
                + "it does not exist, or needs 'faasctl login \(answer.host)'"
        case .unreachable(let host, let reason): "registry \(host) unreachable: \(reason)"
        case .refused(let answer): "\(answer.subject) refused by \(answer.host): \(answer.quote)"
        case .violation(let host, let reason): "registry \(host) violates the protocol: \(reason)"
        case .wrongContent(let what, let reason): "\(what) refused: \(reason)"
        case .unknownMediaType(let type, let owner): "\(owner) has the unknown media type '\(type)'"
        case .tooLarge(let what, let limit): "\(what) is larger than \(limit) bytes"
        case .noPlatform(let reference, let wanted, let offered):
            "\(reference) has no image for \(wanted)"
                + (offered.isEmpty ? "" : ", only for \(offered.joined(separator: ", "))")
        case .credentials(let reason): "credentials: \(reason)"
        case .configuration(let reason): "registry configuration: \(reason)"
        case .store(let error): error.description
        case .cancelled: "cancelled"
        }
    }
}

extension RegistryError {
    /// Parses a name and converts its error.
    static func reading<Value>(_ body: () throws(OCIError) -> Value) throws(RegistryError) -> Value {
        do throws(OCIError) { return try body() } catch { throw .store(.invalid(error)) }
    }

    /// Runs a step of the store and converts its error.
    static func storing<Value>(_ body: () throws(ImageError) -> Value) throws(RegistryError) -> Value {
        do throws(ImageError) { return try body() } catch { throw .store(error) }
    }

    /// Runs an asynchronous step of the store and converts its error.
    static func storing<Value>(
        _ body: () async throws(ImageError) -> Value
    ) async throws(RegistryError) -> Value {
        do throws(ImageError) { return try await body() } catch { throw .store(error) }
    }

    /// Runs blocking work of the store on the room's own threads.
    static func working<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ImageError) -> Value
    ) async throws(RegistryError) -> Value {
        do throws(ImageError) { return try await BlockingWork.run(body) } catch { throw .store(error) }
    }
}
