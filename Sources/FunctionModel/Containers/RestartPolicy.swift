// SPDX-License-Identifier: Apache-2.0
// When a container that has ended is started again, as Docker's --restart has it.

/// A restart policy.
package enum RestartPolicy: Hashable, Sendable, CustomStringConvertible {
    case no
    /// After an exit code other than 0; at most so many times in a row, or without a bound.
    case onFailure(max: Int?)
    case always
    /// As `always`, but a container that was stopped is not started with the gateway.
    case unlessStopped

    /// Parses `no`, `on-failure`, `on-failure:3`, `always` or `unless-stopped`.
    ///
    /// - Throws: ``ModelError`` for other text.
    package init(_ text: String) throws(ModelError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        switch (parts.first, parts.count) {
        case ("no", 1), ("", 1): self = .no
        case ("always", 1): self = .always
        case ("unless-stopped", 1): self = .unlessStopped
        case ("on-failure", 1): self = .onFailure(max: nil)
        case ("on-failure", 2):
            guard let max = Int(parts[1]), max >= 0 else { throw Self.mistake(text) }
            self = .onFailure(max: max == 0 ? nil : max)
        default: throw Self.mistake(text)
        }
    }

    private static func mistake(_ text: String) -> ModelError {
        ModelError(field: "restart", value: text, expected: "no, on-failure[:N], always or unless-stopped")
    }

    package var description: String {
        switch self {
        case .no: "no"
        case .onFailure(let max): max.map { "on-failure:\($0)" } ?? "on-failure"
        case .always: "always"
        case .unlessStopped: "unless-stopped"
        }
    }
}

extension RestartPolicy: Codable {
    package init(from decoder: any Decoder) throws {
        self = try RestartPolicy(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
