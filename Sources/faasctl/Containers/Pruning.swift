// SPDX-License-Identifier: Apache-2.0
// Removes what no container uses, and lists it as Docker does. The prune commands of networks and volumes call it.

import GatewayAPI

extension GatewayClient {
    /// Removes them one after the other; the first that cannot be removed ends it.
    ///
    /// - Parameters:
    ///   - names: what is removed.
    ///   - path: of one of them.
    ///   - kind: in the singular, for the error: `network`.
    ///   - title: of the list: `Networks`.
    /// - Throws: ``CommandFailure``.
    func prune(_ names: [String], at path: APIPattern, kind: String, title: String) async throws {
        for name in names {
            _ = try await require(
                GatewayRequest("DELETE", path.path(name)),
                "cannot remove the \(kind) '\(name)'"
            )
        }
        guard !names.isEmpty else { return }
        try Terminal.output.write("Deleted \(title):\n\(names.joined(separator: "\n"))\n".utf8)
    }
}
