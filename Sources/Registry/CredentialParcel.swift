// SPDX-License-Identifier: Apache-2.0
// Registry credentials that a client sends to the gateway: one header field, as Docker's clients send it.

import OCI
import Foundation

/// Credentials by registry, in the form of Docker's `X-Registry-Config`: base64url of a JSON object.
///
/// Its keys and values are those of `auths` in Docker's credential file. The gateway does not store it.
package struct CredentialParcel: Hashable, Sendable {
    /// The header field's name.
    package static let fieldName = "X-Registry-Config"
    /// Largest parcel: a token has a few KiB, a build names a few registries, and header fields are limited to 64 KiB.
    static let bytesMax = 48 << 10

    /// The header field's value.
    package let text: String

    /// Packs credentials; nil when there are none.
    ///
    /// - Parameter credentials: by registry, or by `registry/repository`.
    /// - Throws: ``RegistryError/credentials(_:)`` when they exceed one header field.
    package init?(_ credentials: [String: Credential]) throws(RegistryError) {
        guard !credentials.isEmpty else { return nil }
        let entries = credentials.mapValues(DockerConfigFile.entry)
        let data: Data
        do {
            data = try JSONSerialization.data(withJSONObject: entries, options: [.sortedKeys])
        } catch {
            throw .credentials("they cannot be packed: \(error)")
        }
        guard data.count <= Self.bytesMax else {
            throw .credentials("they are longer than \(Self.bytesMax) bytes together")
        }
        text = data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }

    /// Unpacks a client's header field.
    ///
    /// - Throws: ``RegistryError/credentials(_:)``, which does not quote the text.
    package static func source(_ text: String) throws(RegistryError) -> CredentialSource {
        guard text.utf8.count <= 2 * bytesMax else {
            throw .credentials("\(fieldName) is longer than \(2 * bytesMax) bytes")
        }
        var plain = text.replacing("-", with: "+").replacing("_", with: "/")
        while plain.utf8.count % 4 != 0 { plain += "=" }
        guard let data = Data(base64Encoded: plain) else {
            throw .credentials("\(fieldName) is not base64url")
        }
        if data.isEmpty { return .none }
        let wrapped = Data(#"{"auths":"#.utf8) + data + Data("}".utf8)
        do throws(RegistryError) {
            return .given(try DockerConfig(wrapped, path: fieldName))
        } catch {
            // The decoder's message may quote a secret.
            throw .credentials("\(fieldName) holds no JSON object of registries")
        }
    }
}

extension RegistryClient {
    /// The user's credentials for some images, to be sent along with a request.
    ///
    /// Reads Docker's credential file, and may run its helpers.
    ///
    /// - Parameter references: as users type them; malformed ones have no credentials.
    /// - Returns: nil when there are none.
    /// - Throws: ``RegistryError/credentials(_:)``.
    package func parcel(for references: [String]) async throws(RegistryError) -> CredentialParcel? {
        var found: [String: Credential] = [:]
        for text in references {
            guard let reference = try? ImageReference(text) else { continue }
            let key = "\(reference.registry)/\(reference.repository)"
            guard found[key] == nil else { continue }
            found[key] = try await credential(for: reference.registry, repository: reference.repository)
        }
        return try CredentialParcel(found)
    }
}
