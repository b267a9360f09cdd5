// SPDX-License-Identifier: Apache-2.0
// What runs now as a table, with the share of a processor where two looks at it are known. ps and top drive it.

import Foundation
import FunctionModel
import GatewayAPI

/// Two looks at what runs, one after the other.
struct RunningTable {
    /// Whether ids are written whole.
    var isWhole = false
    private var before: [String: RunningBody] = [:]
    private var now: [RunningBody] = []

    /// Enough of an id to distinguish neighbours.
    static let idCharacters = 12

    init(isWhole: Bool = false) { self.isWhole = isWhole }

    /// Takes the next look.
    mutating func look(_ list: [RunningBody]) {
        before = Dictionary(now.map { ($0.container, $0) }) { first, _ in first }
        now = list
    }

    /// Processor time between the two looks, in per cent of one processor; nil when it ran in one of them only.
    func share(_ one: RunningBody) -> Double? {
        guard let earlier = before[one.container], earlier.id == one.id, let start = earlier.cpuMilliseconds,
            let end = one.cpuMilliseconds
        else { return nil }
        let span = one.ageMilliseconds - earlier.ageMilliseconds
        return span > 0 ? max(0, 100 * (end - start) / span) : nil
    }

    /// The ids of the last look.
    var ids: [String] { now.map(shown) }

    private func shown(_ one: RunningBody) -> String {
        isWhole ? one.id : String(one.id.prefix(Self.idCharacters))
    }

    /// One line for each; the busiest first when `isTop`.
    func table(isTop: Bool) -> Table {
        var table = Table(
            "ID",
            "FUNCTION",
            "CONTAINER",
            "AGE",
            isTop ? "CPU%" : "CPU",
            "MEMORY",
            "PROCS",
            "STATE",
            "PORTS"
        )
        let rows = isTop ? now.sorted { (share($0) ?? 0, $1.id) > (share($1) ?? 0, $0.id) } : now
        for one in rows {
            let cpu =
                isTop
                ? share(one).map { String(format: "%.1f", $0) }
                : one.cpuMilliseconds.map(Moment.text(milliseconds:))
            table.add(
                shown(one),
                one.function ?? one.image,
                one.container,
                Moment.text(milliseconds: one.ageMilliseconds),
                cpu ?? "-",
                one.memoryBytes.map(Moment.text(bytes:)) ?? "-",
                one.processes.map(String.init) ?? "-",
                one.state,
                (one.ports ?? []).map { "\($0.outside)->\($0.inside)" }.joined(separator: ", ")
            )
        }
        return table
    }
}

extension GatewayClient {
    /// The call that runs under an id or the name of its container.
    ///
    /// - Parameter text: whole, or the beginning of an id.
    /// - Returns: nil for none, or for more than one.
    /// - Throws: ``CommandFailure``.
    func runningCall(_ text: String) async throws(CommandFailure) -> RunningBody? {
        let calls = try await running().list.filter { $0.kind == "call" }
        if let whole = calls.first(where: { $0.id == text || $0.container == text }) { return whole }
        let matches = calls.filter { $0.id.hasPrefix(text) }
        return matches.count == 1 ? matches[0] : nil
    }

    /// Asks for what runs now.
    ///
    /// - Parameter calls: the query that selects them; empty for everything.
    /// - Returns: the gateway's answer as it sent it, and decoded.
    /// - Throws: ``CommandFailure``.
    func running(_ calls: [(name: String, value: String)] = []) async throws(CommandFailure)
        -> (body: Data, list: [RunningBody])
    {
        let what = "cannot list what runs"
        var request = GatewayRequest("GET", APIPath.running)
        request.query = calls
        let body = try await require(request, what)
        return (body, try Self.decode([RunningBody].self, from: body, what))
    }
}
