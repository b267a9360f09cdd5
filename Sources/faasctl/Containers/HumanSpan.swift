// SPDX-License-Identifier: Apache-2.0
// Spans of time in the words of Docker's tables.

/// Spans in words.
enum HumanSpan {
    private static let hour = 3600.0
    private static let day = 24

    /// For example `About a minute` or `3 days`.
    static func text(seconds: Double) -> String {
        let whole = Int(max(0, seconds))
        if whole < 1 { return "Less than a second" }
        if whole == 1 { return "1 second" }
        if whole < 60 { return "\(whole) seconds" }
        if whole < 120 { return "About a minute" }
        if whole < 3600 { return "\(whole / 60) minutes" }
        let hours = Int(seconds / hour + 0.5)
        switch hours {
        case ...1: return "About an hour"
        case ..<48: return "\(hours) hours"
        case ..<(day * 14): return "\(hours / day) days"
        case ..<(day * 60): return "\(hours / day / 7) weeks"
        case ..<(day * 730): return "\(hours / day / 30) months"
        default: return "\(Int(seconds / hour) / day / 365) years"
        }
    }
}
