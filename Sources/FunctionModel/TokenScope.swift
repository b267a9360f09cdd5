// SPDX-License-Identifier: Apache-2.0
// What the holder of a token may do. Stored with each token; Gateway's table of routes names one per route.

/// One right of a token.
package enum TokenScope: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    /// Deploys, images, secrets, and everything of ``read``.
    case deploy
    /// Calls of functions that ask for a token.
    case invoke
    /// Functions, logs, invocations, schedules, the queue and images, without changes.
    case read
    /// Everything.
    case admin
    /// Runs of commands and code without a deploy.
    case sandbox

    /// The scopes that this one includes, itself among them.
    package var included: Set<TokenScope> {
        switch self {
        case .admin: Set(Self.allCases)
        case .deploy: [.deploy, .read]
        case .invoke, .read, .sandbox: [self]
        }
    }

    package static func < (left: TokenScope, right: TokenScope) -> Bool { left.rawValue < right.rawValue }
}
