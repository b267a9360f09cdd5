// SPDX-License-Identifier: Apache-2.0
// One line of `ps`: a container, or a call of a function, with the members that Docker's templates name.

import Foundation
import FunctionModel
import GatewayAPI

/// What `ps` shows of one container.
struct PsRow {
    var id: String
    var name: String
    var image: String
    /// As Docker writes it, without quotes.
    var command: String
    var createdAt: Date
    var state: String
    var status: String
    var labels: [String: String] = [:]
    var mounts: [String] = []
    var networks = "none"
    var ports: [PublishedPort] = []
    /// Exposed and not published, such as `80/tcp`.
    var exposedPorts: [String] = []
    var exitCode: Int32?
    /// As the filter has it.
    var health = "none"
    /// Of the writable layer on the disk; 0 unless it was asked for.
    var sizeBytes = 0

    private static let sizeUnits = ["B", "kB", "MB", "GB", "TB"]
    /// Characters of a command that is shortened.
    private static let commandCharacters = 20

    /// A container.
    init(_ body: ContainerBody, now: Date = Date()) {
        id = body.id
        name = body.name
        image = body.image
        command = Self.joined(body.command)
        createdAt = body.createdAt
        state = body.state.status.rawValue
        status = Self.status(body.state, now: now)
        labels = body.request.labels
        mounts = body.request.volumes.map(\.source)
        let names = body.request.networks.map(\.name)
        let mode = body.request.network
        networks = (names.isEmpty || mode != .none ? names + [mode.rawValue] : names).joined(separator: ",")
        ports = body.ports
        exposedPorts = body.exposedPorts
        exitCode = body.state.exitCode
        health = body.state.health?.status.rawValue ?? "none"
    }

    /// A call of a function, which has a container of its own.
    init(_ body: RunningBody, now: Date = Date()) {
        id = body.id
        name = body.function ?? body.container
        image = body.image
        command = "function \(body.function ?? "")"
        createdAt = body.startedAt
        state = "running"
        status = "Up " + HumanSpan.text(seconds: now.timeIntervalSince(body.startedAt))
    }

    /// Words with spaces in quotes, as Docker's daemon writes them.
    private static func joined(_ words: [String]) -> String {
        words.enumerated().map { index, word in index > 0 && word.contains(" ") ? "'\(word)'" : word }
            .joined(separator: " ")
    }

    /// For example `Exited (137) 3 hours ago`.
    static func status(_ state: ContainerBody.State, now: Date) -> String {
        func span(_ date: Date?) -> String {
            HumanSpan.text(seconds: now.timeIntervalSince(date ?? now))
        }
        switch state.status {
        case .created: return "Created"
        case .running: return "Up \(span(state.startedAt))" + health(state.health?.status)
        case .paused: return "Up \(span(state.startedAt)) (Paused)"
        case .restarting: return "Restarting (\(state.exitCode)) \(span(state.finishedAt)) ago"
        case .exited: return "Exited (\(state.exitCode)) \(span(state.finishedAt)) ago"
        case .dead: return "Dead"
        }
    }

    private static func health(_ health: ContainerHealth?) -> String {
        switch health {
        case nil: ""
        case .starting: " (health: starting)"
        case .healthy: " (healthy)"
        case .unhealthy: " (unhealthy)"
        }
    }

    /// The members of templates.
    func value(isWhole: Bool, now: Date = Date()) -> TemplateValue {
        let text = isWhole ? command : Self.shortened(command)
        let id = isWhole ? id : String(id.prefix(ContainerName.shortIDLength))
        let sources = mounts.map { isWhole ? $0 : Self.shortened($0, to: 15) }
        return .members([
            "Command": .text(Self.quoted(text)),
            "CreatedAt": .text(Moment.marked(createdAt)),
            "ID": .text(id),
            "Image": .text(image),
            "Label": .method(.label(labels)),
            "Labels": .text(labels.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ",")),
            "LocalVolumes": .text(String(mounts.filter { !$0.hasPrefix("/") }.count)),
            "Mounts": .text(sources.joined(separator: ",")),
            "Names": .text(name),
            "Networks": .text(networks),
            "Ports": .text(
                (exposedPorts + ports.map { "\($0.outside)->\($0.inside)" }).joined(separator: ", ")
            ),
            "RunningFor": .text(HumanSpan.text(seconds: now.timeIntervalSince(createdAt)) + " ago"),
            "Size": .text(Self.sizeText(sizeBytes)),
            "State": .text(state),
            "Status": .text(status),
        ])
    }

    /// A size as Docker writes it: three digits, units of a thousand.
    static func sizeText(_ bytes: Int) -> String {
        var (value, unit) = (Double(max(0, bytes)), 0)
        while value >= 1000, unit < sizeUnits.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return String(format: "%.3g", value) + sizeUnits[unit]
    }

    private static func shortened(_ text: String, to count: Int = commandCharacters) -> String {
        text.count <= count ? text : text.prefix(count - 1) + "…"
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
            "\n",
            with: "\\n"
        )
        return "\"" + Table.printable(escaped) + "\""
    }
}
