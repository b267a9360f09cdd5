// SPDX-License-Identifier: Apache-2.0
// The root of every end-to-end suite: real containers, one gateway at a time, seen from outside.

import Testing

/// One suite after the other: each counts what its own gateway occupies and loads the machine.
@Suite("End to end", .serialized, .enabled(if: Fixtures.isRoot, Fixtures.rootComment))
struct EndToEnd {}
