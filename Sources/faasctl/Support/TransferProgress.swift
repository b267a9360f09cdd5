// SPDX-License-Identifier: Apache-2.0
// Computes the progress of a pull or push from its events, as a bar or as lines. Pure; TransferScreen writes it.

import GatewayAPI

/// Adds up the events of one transfer.
struct TransferProgress: Sendable {
    /// The first word of the bar, for example `pulling`.
    let verb: String
    private var sizes: [String: Int] = [:]
    private var done: [String: Int] = [:]

    init(verb: String) { self.verb = verb }

    /// Adds an event; returns its line for outputs without a bar.
    mutating func take(_ line: TransferLine) -> String? {
        let name = Self.short(line.subject)
        switch line.event {
        case .resolved: return "\(line.subject) is \(line.detail ?? "")"
        case .started:
            sizes[line.subject] = line.sizeBytes ?? 0
            return nil
        case .progressed:
            sizes[line.subject] = line.sizeBytes ?? 0
            done[line.subject] = line.doneBytes ?? 0
            return nil
        case .present:
            finish(line)
            return "\(name) is there already"
        case .mounted:
            done[line.subject] = sizes[line.subject]
            return "\(name) mounted from \(line.detail ?? "another repository")"
        case .finished:
            finish(line)
            return "\(name) done, \(Moment.text(bytes: line.sizeBytes ?? 0))"
        case .resumed: return "\(name) goes on after \(Moment.text(bytes: line.doneBytes ?? 0))"
        case .restarted:
            done[line.subject] = 0
            return "\(name) begins again"
        case .retrying: return "\(line.subject): \(line.detail ?? "it failed"); trying again"
        }
    }

    private mutating func finish(_ line: TransferLine) {
        sizes[line.subject] = line.sizeBytes ?? 0
        done[line.subject] = line.sizeBytes ?? 0
    }

    /// The bar as one line without a line break, at most `columns` wide.
    func bar(columns: Int) -> String {
        let whole = sizes.values.reduce(0, +)
        let part = min(done.values.reduce(0, +), whole)
        let share = whole == 0 ? 0 : Double(part) / Double(whole)
        let finished = sizes.count { $0.value == done[$0.key] }
        let percent = String(Int(share * 100))
        let head = "\(verb) " + String(repeating: " ", count: max(0, 3 - percent.count)) + "\(percent) % "
        let tail = " \(Moment.text(bytes: part)) of \(Moment.text(bytes: whole)), \(finished)/\(sizes.count)"
        let width = columns - head.count - tail.count - 3
        guard width >= Self.widthMin else { return String((head + tail).prefix(max(0, columns - 1))) }
        let filled = Int(share * Double(width))
        let cells = String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
        return head + "[" + cells + "]" + tail
    }

    /// The smallest bar.
    private static let widthMin = 8

    /// The length of abbreviated digests.
    private static func short(_ subject: String) -> String {
        subject.hasPrefix("sha256:") ? String(subject.dropFirst("sha256:".count).prefix(12)) : subject
    }
}
