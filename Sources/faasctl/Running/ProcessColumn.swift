// SPDX-License-Identifier: Apache-2.0
// Columns of a list of processes, by the names and forms of ps(1). TopCommand writes them.

import Foundation
import GatewayAPI

/// One column.
struct ProcessColumn: Hashable {
    /// Options of ps that are not known; with the reason as a sentence.
    struct Refusal: Error, Hashable { let text: String }

    /// The fact about a process that a column shows.
    private enum Value {
        case user, id, parentID, share, start, terminal, time, elapsed, command, name, state, threads
        case resident, virtual
    }

    private let head: String
    private let value: Value

    /// Docker's spaces between columns, and its smallest width.
    private static let widthMin = 20

    /// As `ps -ef`.
    static let full = [
        ProcessColumn(head: "UID", value: .user), ProcessColumn(head: "PID", value: .id),
        ProcessColumn(head: "PPID", value: .parentID), ProcessColumn(head: "C", value: .share),
        ProcessColumn(head: "STIME", value: .start), ProcessColumn(head: "TTY", value: .terminal),
        ProcessColumn(head: "TIME", value: .time), ProcessColumn(head: "CMD", value: .command),
    ]

    private static let named: [String: ProcessColumn] = [
        "user": .init(head: "USER", value: .user), "uname": .init(head: "USER", value: .user),
        "uid": .init(head: "UID", value: .user), "pid": .init(head: "PID", value: .id),
        "ppid": .init(head: "PPID", value: .parentID), "c": .init(head: "C", value: .share),
        "stime": .init(head: "STIME", value: .start), "tty": .init(head: "TT", value: .terminal),
        "tname": .init(head: "TTY", value: .terminal), "time": .init(head: "TIME", value: .time),
        "cputime": .init(head: "TIME", value: .time), "etime": .init(head: "ELAPSED", value: .elapsed),
        "cmd": .init(head: "CMD", value: .command), "args": .init(head: "COMMAND", value: .command),
        "command": .init(head: "COMMAND", value: .command), "comm": .init(head: "COMMAND", value: .name),
        "s": .init(head: "S", value: .state), "state": .init(head: "S", value: .state),
        "nlwp": .init(head: "NLWP", value: .threads), "rss": .init(head: "RSS", value: .resident),
        "vsz": .init(head: "VSZ", value: .virtual),
    ]

    /// The columns that options of ps ask for.
    ///
    /// - Parameter words: the arguments after the container's name.
    /// - Returns: the columns, in order; those of `ps -ef` without -o.
    /// - Throws: ``Refusal``, with the option or column that is not known.
    static func of(_ words: [String]) throws(Refusal) -> [ProcessColumn] {
        var columns: [ProcessColumn] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard let list = list(word) else {
                if ["-e", "-f", "-ef", "-fe", "-A"].contains(word) { continue }
                throw Refusal(
                    text: "the option '\(word)' of ps is not supported, expected -e, -f, -ef or -o COLUMNS"
                )
            }
            guard let names = list.isEmpty ? rest.popFirst() : list else {
                throw Refusal(text: "'\(word)' needs a list of columns")
            }
            for name in names.split(whereSeparator: { $0 == "," || $0 == " " }) {
                guard let column = named[String(name)] else {
                    let known = named.keys.sorted().joined(separator: ", ")
                    throw Refusal(
                        text: "the column '\(name)' of ps is not supported, expected one of \(known)"
                    )
                }
                columns.append(column)
            }
        }
        return columns.isEmpty ? full : columns
    }

    /// The list behind -o, empty where it is the next word; nil for another option.
    private static func list(_ word: String) -> String? {
        for option in ["-eo", "-o"] where word.hasPrefix(option) {
            return String(word.dropFirst(option.count))
        }
        return nil
    }

    /// The list with its heads.
    static func table(_ processes: [ProcessBody], _ columns: [ProcessColumn], zone: TimeZone = .current)
        -> String
    {
        let lines = processes.map { process in
            columns.map { $0.text(process, zone) }.joined(separator: "\t")
        }
        return FormattedList.aligned(
            [columns.map(\.head).joined(separator: "\t")] + lines,
            widthMin: widthMin
        )
    }

    private func text(_ process: ProcessBody, _ zone: TimeZone) -> String {
        switch value {
        case .user: Table.printable(process.user)
        case .id: "\(process.id)"
        case .parentID: "\(process.parentID)"
        case .share: "\(Self.share(process))"
        case .start: Self.start(process, zone)
        case .terminal: Table.printable(process.terminal ?? "?")
        case .time: Self.time(process.cpuMilliseconds)
        case .elapsed: Self.elapsed(process.ageMilliseconds)
        case .command: Table.printable(Self.command(process))
        case .name: Table.printable(process.name)
        case .state: Table.printable(process.state)
        case .threads: "\(process.threads)"
        case .resident: "\(process.residentBytes >> 10)"
        case .virtual: "\(process.virtualBytes >> 10)"
        }
    }

    /// Processor time by the time since its start, in per cent of one processor, with two digits.
    private static func share(_ process: ProcessBody) -> Int {
        guard process.ageMilliseconds > 0 else { return 0 }
        return min(99, max(0, Int(100 * process.cpuMilliseconds / process.ageMilliseconds)))
    }

    /// The name in brackets where it has no arguments.
    private static func command(_ process: ProcessBody) -> String {
        let isEnded = process.state == "Z"
        guard !process.command.isEmpty, !isEnded else {
            return "[\(process.name)]" + (isEnded ? " <defunct>" : "")
        }
        return process.command.joined(separator: " ")
    }

    /// The time of day during the first day, then the date.
    private static func start(_ process: ProcessBody, _ zone: TimeZone) -> String {
        let isRecent = process.ageMilliseconds < 24 * 3600 * 1000
        // 2026-01-31 12:00:05
        let text = Moment.text(process.startedAt, zone: zone)
        guard !isRecent, let month = Int(text.dropFirst(5).prefix(2)), (1...12).contains(month) else {
            return String(text.dropFirst(11).prefix(5))
        }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return months[month - 1] + text.dropFirst(8).prefix(2)
    }

    /// `[DD-]HH:MM:SS`.
    private static func time(_ milliseconds: Double) -> String {
        let (days, hours, rest) = parts(milliseconds)
        return (days > 0 ? "\(two(days))-" : "") + "\(two(hours)):\(rest)"
    }

    /// `[[DD-]HH:]MM:SS`.
    private static func elapsed(_ milliseconds: Double) -> String {
        let (days, hours, rest) = parts(milliseconds)
        return (days > 0 ? "\(two(days))-" : "") + (days > 0 || hours > 0 ? "\(two(hours)):" : "") + rest
    }

    private static func parts(_ milliseconds: Double) -> (days: Int, hours: Int, rest: String) {
        let seconds = Int(max(0, milliseconds) / 1000)
        return (seconds / 86400, seconds / 3600 % 24, "\(two(seconds / 60 % 60)):\(two(seconds % 60))")
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
