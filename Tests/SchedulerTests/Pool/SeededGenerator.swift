// SPDX-License-Identifier: Apache-2.0
// Randomness that can be repeated, and short forms that the pool's tests share.

import FunctionModel

@testable import Scheduler

/// SplitMix64: small, and good enough to choose events.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

func settings(concurrency: Int = 4, queue: Int = 2, warmMin: Int = 0, warmMax: Int = 2) -> PoolSettings {
    var configuration = FunctionConfiguration()
    configuration.concurrency = concurrency
    configuration.queue.length = queue
    configuration.warm.min = warmMin
    configuration.warm.max = warmMax
    return PoolSettings(configuration)
}
