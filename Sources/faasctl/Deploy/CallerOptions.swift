// SPDX-License-Identifier: Apache-2.0
// The flags of `deploy` about callers: what they have to show, from which pages, how often.

import ArgumentParser
import FunctionModel

/// `auth`, `cors` and `rate`.
struct CallerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What callers have to show: none, basic, token, or hmac:SCHEME:SECRET with a scheme of github, stripe or hex.",
            valueName: "auth"
        )
    )
    var auth: String?

    @Option(
        help: ArgumentHelp(
            "Origin whose pages may read its answers, for example https://example.org; repeatable.",
            valueName: "origin"
        )
    )
    var corsOrigin: [String] = []

    @Option(help: ArgumentHelp("How often it may be called, for example 100/s or 30/m.", valueName: "rate"))
    var rate: String?

    @Option(help: "Calls at once after a pause, within the rate.")
    var rateBurst: Int?

    @Option(help: "Whether the rate is for each client or for the function as a whole.")
    var ratePer: RateConfiguration.Subject?

    /// Applies the flags.
    ///
    /// - Throws: ``ModelError`` naming the flag.
    func apply(to configuration: inout FunctionConfiguration) throws(ModelError) {
        if !corsOrigin.isEmpty { configuration.cors = CORSConfiguration(origins: corsOrigin) }
        try applyRate(to: &configuration)
        if let auth { configuration.authentication = try Self.authentication(auth) }
    }

    private func applyRate(to configuration: inout FunctionConfiguration) throws(ModelError) {
        if let rate {
            var changed = RateConfiguration(requests: try RequestRate(rate, field: "--rate"))
            changed.burst = configuration.rate?.burst
            changed.per = configuration.rate?.per ?? changed.per
            configuration.rate = changed
        }
        guard rateBurst != nil || ratePer != nil else { return }
        guard var changed = configuration.rate else {
            throw ModelError(
                field: rateBurst == nil ? "--rate-per" : "--rate-burst",
                value: rateBurst.map(String.init) ?? ratePer?.rawValue ?? "",
                expected: "none without --rate"
            )
        }
        if let rateBurst { changed.burst = rateBurst }
        if let ratePer { changed.per = ratePer }
        configuration.rate = changed
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

extension RateConfiguration.Subject: ExpressibleByArgument {}
