// SPDX-License-Identifier: Apache-2.0
// What the callers of a function have to show. Gateway checks it before the function's container is leased.

/// The authentication of a function's HTTP routes.
package enum FunctionAuthentication: Hashable, Sendable {
    case none
    /// The administrator's credentials, or a token with everything.
    case basic
    /// A token with the scope `invoke` for this function.
    case token
    /// A signature of the body.
    case hmac(WebhookAuthentication)

    /// Those that have no further keys.
    package static let plain: [String: FunctionAuthentication] = [
        "none": .none, "basic": .basic, "token": .token,
    ]

    /// The secret that signatures are checked with; nil without signatures.
    package var secret: String? {
        guard case .hmac(let webhook) = self else { return nil }
        return webhook.secret
    }
}

/// Signatures over the body, by a key that sender and gateway share.
package struct WebhookAuthentication: Hashable, Sendable, Codable {
    /// Name of the secret with the key.
    package var secret: String
    package var scheme: WebhookScheme

    package enum CodingKeys: String, CodingKey, CaseIterable { case secret, scheme }

    package init(secret: String, scheme: WebhookScheme) {
        self.secret = secret
        self.scheme = scheme
    }
}

/// Where a signature is, and what it covers.
package enum WebhookScheme: String, Hashable, Sendable, Codable, CaseIterable {
    /// `X-Hub-Signature-256: sha256=HEX` over the body.
    case github
    /// `Stripe-Signature: t=SECONDS,v1=HEX` over the time, a dot, and the body.
    case stripe
    /// `X-Signature: HEX` or `sha256=HEX` over the body.
    case hex
}

extension FunctionAuthentication: Codable {
    /// The key of signatures, as function.yaml has it.
    package enum CodingKeys: String, CodingKey, CaseIterable { case hmac }

    package init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            guard let plain = Self.plain[text] else {
                throw ModelError(
                    field: "auth",
                    value: text,
                    expected: "none, basic, token, or a map with the key hmac"
                )
            }
            self = plain
        } else {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            self = .hmac(try values.decode(WebhookAuthentication.self, forKey: .hmac))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .hmac(let webhook):
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(webhook, forKey: .hmac)
        case .none, .basic, .token:
            var container = encoder.singleValueContainer()
            try container.encode(Self.plain.first { $0.value == self }?.key ?? "none")
        }
    }
}
