// SPDX-License-Identifier: Apache-2.0
// The user's registry credentials, sent along with the requests that need them and kept nowhere else.

import ClientFiles
import Foundation

extension GatewayClient {
    /// Puts the user's credentials for some images into a request.
    ///
    /// Only to this machine or over TLS: otherwise a third party on the network could read them.
    ///
    /// - Parameters:
    ///   - images: references as users type them.
    ///   - request: what is to be sent.
    ///   - global: for the remark that they were left out.
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

    /// Whether no third party between here and the gateway can read the traffic.
    var isPrivate: Bool { address.hasPrefix("https://") || BasicCredentials.isLoopback(address) }
}
