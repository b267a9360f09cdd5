// SPDX-License-Identifier: Apache-2.0
// `ps --filter KEY=VALUE`: filters of one key are alternatives, those of different keys hold together.

import FunctionModel

/// The filters of one list.
struct ContainerFilter {
    private static let keys = [
        "id", "name", "label", "status", "exited", "ancestor", "volume", "health", "network",
    ]

    private var wanted: [String: [String]] = [:]

    /// Parses the options.
    ///
    /// - Throws: ``CommandFailure`` for a key that has no effect here.
    init(_ texts: [String]) throws(CommandFailure) {
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            guard parts.count == 2, Self.keys.contains(parts[0]) else {
                throw CommandFailure(
                    "invalid filter '\(text)'",
                    why: "expected KEY=VALUE with one of \(Self.keys.joined(separator: ", "))"
                )
            }
            if parts[0] == "status", ContainerStatus(rawValue: parts[1]) == nil {
                let known = ContainerStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure("invalid filter '\(text)'", why: "a status is one of \(known)")
            }
            let healths = ContainerHealth.allCases.map(\.rawValue) + ["none"]
            if parts[0] == "health", !healths.contains(parts[1]) {
                let known = healths.joined(separator: ", ")
                throw CommandFailure("invalid filter '\(text)'", why: "a health is one of \(known)")
            }
            wanted[parts[0], default: []].append(parts[1])
        }
    }

    /// Whether it asks for containers that do not run.
    var includesStopped: Bool { wanted["status"] != nil || wanted["exited"] != nil }

    func accepts(_ row: PsRow) -> Bool {
        wanted.allSatisfy { key, values in
            switch key {
            // Labels hold together, as Docker has it.
            case "label": values.allSatisfy { Self.hasLabel($0, row.labels) }
            default: values.contains { accepts(key, $0, row) }
            }
        }
    }

    private func accepts(_ key: String, _ value: String, _ row: PsRow) -> Bool {
        switch key {
        case "id": row.id.hasPrefix(value)
        case "name": row.name.contains(value.hasPrefix("/") ? value.dropFirst() : value[...])
        case "status": row.state == value
        case "health": row.health == value
        case "network": row.networks.split(separator: ",").contains { $0 == value }
        case "exited": row.state == "exited" && row.exitCode.map(String.init) == value
        case "ancestor":
            row.image == value || row.image == value + ":latest" || row.image + ":latest" == value
        default: row.mounts.contains(value)
        }
    }

    private static func hasLabel(_ text: String, _ labels: [String: String]) -> Bool {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard let value = labels[parts[0]] else { return false }
        return parts.count == 1 || value == parts[1]
    }
}
