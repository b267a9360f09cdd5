// SPDX-License-Identifier: Apache-2.0
// The closed choices of a function's configuration.

/// How a function gets its request and returns its answer (docs/reference/runtime.md).
package enum Contract: String, Hashable, Sendable, Codable, CaseIterable {
    case stdio, cgi, http, lambda
}

/// What a sandbox can reach besides its own loopback.
package enum NetworkMode: String, Hashable, Sendable, Codable, CaseIterable {
    case none, egress
}
