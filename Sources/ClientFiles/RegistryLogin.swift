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

/// A user and a password for a registry; its description does not show the password.
package struct RegistryLogin: Sendable, CustomStringConvertible {
    private let credential: Credential

    package init(user: String, password: String) { credential = Credential(user: user, secret: password) }

    package var user: String { credential.user }
    package var description: String { credential.description }

    /// Asks a registry, from this machine, whether it accepts the login.
    ///
    /// - Parameter registry: a host as in references; `docker.io` is Docker Hub.
    /// - Throws: ``ClientFileError`` when it rejects the login, or does not answer.
    package func check(at registry: String) async throws(ClientFileError) {
        do throws(RegistryError) { try await RegistryClient().check(credential, for: registry) } catch {
            throw ClientFileError(error)
        }
    }

    /// Stores the login: with the helper that Docker's credential file names, else in the file.
    ///
    /// - Parameter registry: a host as in references.
    /// - Throws: ``ClientFileError`` when file or helper cannot be used.
    package func keep(for registry: String) async throws(ClientFileError) {
        do throws(RegistryError) { try await RegistryClient.keep(credential, for: registry) } catch {
            throw ClientFileError(error)
        }
    }

    /// Removes the stored login of a registry.
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
    /// - Returns: the field; nil without a login.
    /// - Throws: ``ClientFileError`` when it is too long for a header field.
    package func field(for registry: String) throws(ClientFileError) -> CredentialField? {
        do throws(RegistryError) {
            return try CredentialParcel([registry: credential]).map(CredentialField.init)
        } catch {
            throw ClientFileError(error)
        }
    }

    /// The stored logins for some images, as a header field.
    ///
    /// - Parameter images: references as users write them.
    /// - Returns: the field; nil without stored logins.
    /// - Throws: ``ClientFileError`` when file or helper cannot be used.
    package static func keptField(for images: [String]) async throws(ClientFileError) -> CredentialField? {
        do throws(RegistryError) {
            return try await RegistryClient().parcel(for: images).map(CredentialField.init)
        } catch {
            throw ClientFileError(error)
        }
    }
}
