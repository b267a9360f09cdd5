// SPDX-License-Identifier: Apache-2.0
// `ps --filter KEY=VALUE`: filters of one key are alternatives, those of different keys hold together.

import Foundation
import FunctionModel
import GatewayAPI

/// The filters of one list.
struct ContainerFilter {
    private static let keys = [
        "id", "name", "label", "status", "exited", "ancestor", "volume", "health", "network", "before",
        "since", "publish", "expose",
    ]

    private var wanted: [String: [String]] = [:]
    /// When the containers that `before` and `since` name were created; see ``resolve(_:)``.
    private var times: [String: Date] = [:]

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
            if ["publish", "expose"].contains(parts[0]), PortFilter(parts[1]) == nil {
                let expected = "a port is NUMBER, or FIRST-LAST, with /tcp or /udp behind it or without"
                throw CommandFailure("invalid filter '\(text)'", why: expected)
            }
            wanted[parts[0], default: []].append(parts[1])
        }
    }

    private var others: [String] { (wanted["before"] ?? []) + (wanted["since"] ?? []) }

    /// Whether it names containers that others are compared with: ``resolve(_:)`` has to know them.
    var namesOthers: Bool { !others.isEmpty }

    /// Finds those containers.
    ///
    /// - Parameter all: of the gateway.
    /// - Throws: ``CommandFailure`` for one that is not there.
    mutating func resolve(_ all: [ContainerBody]) throws(CommandFailure) {
        for other in others {
            guard let found = all.first(where: { $0.name == other || $0.id.hasPrefix(other) }) else {
                throw CommandFailure("cannot list the containers", why: "no such container: \(other)")
            }
            times[other] = found.createdAt
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
        case "before": times[value].map { row.createdAt < $0 } ?? false
        case "since": times[value].map { row.createdAt > $0 } ?? false
        case "publish": PortFilter(value)?.accepts(row.ports.map { ($0.hostPort, $0.transport) }) ?? false
        case "expose":
            PortFilter(value)?.accepts(
                row.ports.map { ($0.containerPort, $0.transport) }
                    + row.exposedPorts.compactMap(PortFilter.init).map { ($0.ports.lowerBound, $0.transport) }
            ) ?? false
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

/// Ports of the filters `publish` and `expose`: `80`, `80/udp`, `8000-8010/tcp`.
struct PortFilter: Hashable {
    var ports: ClosedRange<UInt16>
    var transport: PortMapping.Transport

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let ends = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let transport = PortMapping.Transport(rawValue: parts.count == 2 ? String(parts[1]) : "tcp"),
            let first = UInt16(ends[0]), let last = UInt16(ends[ends.count - 1]), 0 < first, first <= last
        else { return nil }
        self.transport = transport
        ports = first...last
    }

    func accepts(_ found: [(port: UInt16, transport: PortMapping.Transport)]) -> Bool {
        found.contains { $0.transport == transport && ports.contains($0.port) }
    }
}
