// SPDX-License-Identifier: Apache-2.0
// A query against what its operation describes. OwnPaths asks before the handler runs.

import Contracts
import GatewayAPI

/// Refuses parameters that would be ignored.
enum QueryCheck {
    /// Insists on parameters that the operation has, each as often and of the kind that it says.
    ///
    /// Texts, and what is missing, are for the handler.
    ///
    /// - Throws: ``Problem`` 400.
    static func check(_ query: Substring?, _ operation: APIOperation) throws(Problem) {
        guard let query, !query.isEmpty else { return }
        var seen: Set<String> = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let given = parts.count > 1 ? Substring(parts[1].map { $0 == "+" ? " " : $0 }) : ""
            guard let first = parts.first, let name = PercentDecoding.decode(first),
                let value = PercentDecoding.decode(given)
            else { throw Problem(400, .invalid, "the query is not encoded as RFC 3986 says") }
            guard let parameter = operation.query.first(where: { $0.name == name }) else {
                let known = operation.query.map(\.name).sorted().joined(separator: ", ")
                throw Problem(
                    400,
                    .invalid,
                    "the query has an unknown parameter '\(name.prefix(64))', expected "
                        + (known.isEmpty ? "none" : known)
                )
            }
            guard seen.insert(name).inserted || parameter.isRepeatable else {
                throw Problem(400, .invalid, "the query has the parameter '\(name)' more than once")
            }
            if let mistake = parameter.mistake(in: value) {
                throw Problem(400, .invalid, "\(name): '\(value.prefix(64))' is not valid, \(mistake)")
            }
        }
    }
}
