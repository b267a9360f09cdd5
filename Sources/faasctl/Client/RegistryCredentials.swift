// SPDX-License-Identifier: Apache-2.0
// The user's registry credentials, which are sent with the requests that need them and not stored.

import ClientFiles
import Foundation

extension GatewayClient {
    /// Adds the user's credentials for some images to a request.
    ///
    /// Only for this machine or over TLS: otherwise a third party on the network could read them.
    ///
    /// - Parameters:
    ///   - images: references as users type them.
    ///   - request: the request.
    ///   - global: prints the remark that they were left out.
    ///   - what: begins the message when the credential file is unusable.
    /// - Throws: ``CommandFailure``.
    func addCredentials(
        for images: [String],
        to request: inout GatewayRequest,
        _ global: GlobalOptions,
        _ what: String
    ) async throws(CommandFailure) {
        let field: CredentialField?
        do throws(ClientFileError) {
            field = try await RegistryLogin.keptField(for: images)
        } catch {
            throw CommandFailure(what, why: error.description)
        }
        guard let field else { return }
        guard isPrivate else {
            global.remark(
                "faasctl: registry credentials were not sent: \(address) is reached over plain http"
            )
            return
        }
        request.headers.append((field.name, field.value))
    }

    /// Whether the traffic to the gateway is encrypted or stays on this machine.
    var isPrivate: Bool { address.hasPrefix("https://") || BasicCredentials.isLoopback(address) }
}
