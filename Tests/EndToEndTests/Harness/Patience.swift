// SPDX-License-Identifier: Apache-2.0
// How long the tests wait on machines that are slower than most, such as emulated ones.

import Foundation

/// Bounds of waits, which say nothing about the program's speed.
enum Patience {
    /// From the environment; 1 on ordinary machines.
    static let factor =
        ProcessInfo.processInfo.environment["MAYFLY_TEST_TIME_FACTOR"].flatMap(Double.init) ?? 1

    /// A bound as it is on this machine.
    static func seconds(_ seconds: Double) -> Double { seconds * factor }

    /// A bound as it is on this machine.
    static func duration(_ duration: Duration) -> Duration { duration * factor }
}
