// SPDX-License-Identifier: Apache-2.0
// Times as whole microseconds since 1970: the form of every `*_us` column, exact to compare.

import FoundationEssentials

extension Date {
    /// A whole number of microseconds after 1970-01-01T00:00:00Z.
    init(microseconds: Int64) {
        self.init(timeIntervalSince1970: Double(microseconds) / 1e6)
    }

    /// Clamped to ±100,000 years, so that no date traps the conversion.
    var microseconds: Int64 {
        let bound = 3.2e18
        return Int64(min(max(timeIntervalSince1970 * 1e6, -bound), bound).rounded())
    }
}
