// SPDX-License-Identifier: Apache-2.0
// Seconds as text, without Foundation. FunctionHandler and MetricsPage drive it.

/// Numbers in the form that headers use.
enum Decimal {
    /// Milliseconds as seconds with six decimals, as the watchdog's `%f` writes them.
    static func seconds(milliseconds: Double) -> String {
        let micro = milliseconds.isFinite ? Int(max(0, min(milliseconds, 1e12)) * 1000 + 0.5) : 0
        let rest = String(micro % 1_000_000)
        return String(micro / 1_000_000) + "." + String(repeating: "0", count: 6 - rest.utf8.count) + rest
    }
}
