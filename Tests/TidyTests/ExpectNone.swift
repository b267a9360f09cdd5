// SPDX-License-Identifier: Apache-2.0
// How the tree tests report violations: one line for each place.

import Testing

/// Records every violation as an issue of its own.
func expectNone(_ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation) {
    for violation in violations { Issue.record("\(violation)", sourceLocation: sourceLocation) }
}
