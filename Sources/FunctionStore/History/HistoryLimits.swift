// SPDX-License-Identifier: Apache-2.0
// How much history is kept. Records over these bounds are dropped, oldest first, when new records are added.

/// Bounds of the history.
package struct HistoryLimits: Hashable, Sendable {
    /// Invocations kept of one function, so that a busy one does not push out the others' history.
    package var invocationRowsPerFunctionMax = 20_000
    /// Invocations kept in all: 200,000 × ~400 B with indexes is 80 MB.
    package var invocationRowsMax = 200_000
    /// Log text kept of one function.
    package var logBytesPerFunctionMax = 16 << 20
    /// Log text kept in all.
    package var logBytesMax = 256 << 20

    package init() {}
}
