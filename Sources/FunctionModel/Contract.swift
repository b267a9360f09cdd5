// SPDX-License-Identifier: Apache-2.0
// The closed choices of a function's configuration.

/// How a function gets its request and gives its answer (design, section 5).
package enum Contract: String, Hashable, Sendable, Codable, CaseIterable {
    case stdio, cgi, http, lambda

    /// Those that this version serves; every other one is refused by name.
    package static let served: [Contract] = [.stdio, .cgi, .http]
}

/// What a sandbox can reach besides its own loopback.
package enum NetworkMode: String, Hashable, Sendable, Codable, CaseIterable {
    case none, egress
}

/// Who may call a function's HTTP routes.
package enum FunctionAuthentication: String, Hashable, Sendable, Codable, CaseIterable {
    case none, basic
}
