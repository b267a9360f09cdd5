// SPDX-License-Identifier: Apache-2.0
// The user's registry credentials: Docker's credential file, its helpers, and the header field for the gateway.

import Registry

/// One header field with credentials.
package struct CredentialField: Hashable, Sendable {
    package let name: String
    package let value: String

    init(_ parcel: CredentialParcel) {
        name = CredentialParcel.fieldName
        value = parcel.text
    }
}

/// A user and a password for a registry; no description of it shows the password.
package struct RegistryLogin: Sendable, CustomStringConvertible {
    private let credential: Credential

    package init(user: String, password: String) { credential = Credential(user: user, secret: password) }

    package var user: String { credential.user }
    package var description: String { credential.description }

    /// Asks a registry from here whether it takes the login.
    ///
    /// - Parameter registry: a host as in references; `docker.io` is Docker Hub.
    /// - Throws: ``ClientFileError`` when it does not, or does not answer.
    package func check(at registry: String) async throws(ClientFileError) {
        do throws(RegistryError) { try await RegistryClient().check(credential, for: registry) } catch {
            throw ClientFileError(error)
        }
    }

    /// Keeps the login: with the helper that Docker's credential file names, else in the file.
    ///
    /// - Parameter registry: a host as in references.
    /// - Throws: ``ClientFileError`` when file or helper cannot be used.
    package func keep(for registry: String) async throws(ClientFileError) {
        do throws(RegistryError) { try await RegistryClient.keep(credential, for: registry) } catch {
            throw ClientFileError(error)
        }
    }

    /// Removes what is kept for a registry.
    ///
    /// - Parameter registry: a host as in references.
    /// - Throws: ``ClientFileError`` when file or helper cannot be used.
    package static func remove(for registry: String) async throws(ClientFileError) {
        do throws(RegistryError) { try await RegistryClient.keep(nil, for: registry) } catch {
            throw ClientFileError(error)
        }
    }

    /// The login as a header field.
    ///
    /// - Parameter registry: a host as in references.
    /// - Returns: nil when there is nothing to send.
    /// - Throws: ``ClientFileError`` when it is too long for one.
    package func field(for registry: String) throws(ClientFileError) -> CredentialField? {
        do throws(RegistryError) {
            return try CredentialParcel([registry: credential]).map(CredentialField.init)
        } catch {
            throw ClientFileError(error)
        }
    }

    /// What is kept for some images, as a header field.
    ///
    /// - Parameter images: references as users type them.
    /// - Returns: nil when nothing is kept for them.
    /// - Throws: ``ClientFileError`` when file or helper cannot be used.
    package static func keptField(for images: [String]) async throws(ClientFileError) -> CredentialField? {
        do throws(RegistryError) {
            return try await RegistryClient().parcel(for: images).map(CredentialField.init)
        } catch {
            throw ClientFileError(error)
        }
    }
}
