// SPDX-License-Identifier: Apache-2.0
// How a request reaches registries: addresses by the gateway's configuration, credentials by the client's request.

import FunctionModel
import HTTPTypes
import Hummingbird
import Registry

/// Makes a registry client per request.
///
/// The gateway has no credentials of its own and keeps none: they, and the tokens they bought, go with the client.
struct RegistryAccess: Sendable {
    var configuration = RegistryConfiguration()
    /// Networks besides the public internet that a registry's answers may lead to.
    var allowed: [IPv4Network] = []

    /// A client with the credentials of the request.
    ///
    /// - Throws: ``Problem`` when their header field is malformed.
    func client(for request: Request) throws -> RegistryClient {
        let text = HTTPField.Name(CredentialParcel.fieldName).flatMap { request.headers[$0] }
        return try client(credentials: text)
    }

    /// A client with credentials as the header field has them.
    func client(credentials text: String?) throws -> RegistryClient {
        var options = RegistryClient.Options()
        options.registries = configuration
        options.allowed = allowed
        options.credentials = .none
        if let text {
            do throws(RegistryError) {
                options.credentials = try CredentialParcel.source(text)
            } catch {
                throw Problem(400, .invalid, error.description)
            }
        }
        return RegistryClient(options)
    }
}
