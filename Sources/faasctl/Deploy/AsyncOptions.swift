// SPDX-License-Identifier: Apache-2.0
// The flags of `deploy` for asynchronous calls; DeployOptions applies them with its own.

import ArgumentParser
import FunctionModel

/// The rules by which asynchronous calls are repeated.
struct AsyncOptions: ParsableArguments {
    @Option(help: "Runs of one asynchronous call at most.")
    var asyncAttempts: Int?

    @Option(help: "Least wait between two runs of an asynchronous call, for example 1s.")
    var asyncMinWait: String?

    @Option(help: "Most that this wait grows to, for example 5m.")
    var asyncMaxWait: String?

    @Option(help: "Age at which an asynchronous call runs no more, for example 6h.")
    var asyncMaxAge: String?

    @Option(
        help: ArgumentHelp(
            "Statuses after which an asynchronous call runs again, for example 500,503.",
            valueName: "codes"
        )
    )
    var asyncCodes: String?

    /// Applies the flags to the policy.
    ///
    /// - Throws: ``ModelError`` or ``ValidationError`` with the flag.
    func apply(to policy: inout AsyncConfiguration) throws {
        if let asyncAttempts { policy.attempts = asyncAttempts }
        if let asyncMinWait { policy.minWait = try TimeSpan(asyncMinWait, field: "--async-min-wait") }
        if let asyncMaxWait {
            policy.maxWait = try TimeSpan(asyncMaxWait, field: "--async-max-wait")
        } else {
            policy.maxWait = max(policy.maxWait, policy.minWait)
        }
        if let asyncMaxAge { policy.maxAge = try TimeSpan(asyncMaxAge, field: "--async-max-age") }
        guard let asyncCodes else { return }
        policy.codes = try asyncCodes.split(separator: ",").map { text in
            guard let code = Int(text.filter { $0 != " " }) else {
                throw ValidationError(
                    "--async-codes: '\(text)' is not valid, expected numbers such as 500,503"
                )
            }
            return code
        }
    }
}
