// SPDX-License-Identifier: Apache-2.0
// The flags of `deploy` about callers: what they have to show.

import ArgumentParser
import FunctionModel

/// `auth`.
struct CallerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What callers have to show: none, basic, token, or hmac:SCHEME:SECRET with a scheme of github, stripe or hex.",
            valueName: "auth"
        )
    )
    var auth: String?

    /// Applies the flags.
    ///
    /// - Throws: ``ModelError`` naming the flag.
    func apply(to configuration: inout FunctionConfiguration) throws(ModelError) {
        if let auth { configuration.authentication = try Self.authentication(auth) }
    }

    private static func authentication(_ text: String) throws(ModelError) -> FunctionAuthentication {
        if let plain = FunctionAuthentication.plain[text] { return plain }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "hmac", let scheme = WebhookScheme(rawValue: String(parts[1]))
        else {
            throw ModelError(
                field: "--auth",
                value: text,
                expected: "none, basic, token, or hmac:SCHEME:SECRET such as hmac:github:hook-key"
            )
        }
        return .hmac(WebhookAuthentication(secret: String(parts[2]), scheme: scheme))
    }
}
