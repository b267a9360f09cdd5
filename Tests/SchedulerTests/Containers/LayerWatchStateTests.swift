// SPDX-License-Identifier: Apache-2.0
// When a container's writable layer is too large.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("The watch over a writable layer") struct LayerWatchStateTests {
    private static let plenty = 10 << 30
    private static let little = 100 << 20

    @Test("ends a container above its limit, and not at it")
    func limit() {
        var state = LayerWatchState(limit: .mebibytes(10))
        let isMeasured = state.isMeasured(freeBytes: Self.plenty)
        let atLimit = state.measured(10 << 20, freeBytes: Self.plenty)
        let above = state.measured((10 << 20) + 1, freeBytes: nil)
        #expect(isMeasured && atLimit == nil && above == .limit(bytes: (10 << 20) + 1))
    }

    @Test("without a limit measures only while the host's disk is nearly full, and ends what grows then")
    func floor() {
        var state = LayerWatchState(limit: nil)
        let looks = [Self.plenty, nil, Self.little].map { state.isMeasured(freeBytes: $0) }
        #expect(looks == [false, false, true])
        let sizes = [5 << 30, (5 << 30) + (1 << 20), 6 << 30].map {
            state.measured($0, freeBytes: Self.little)
        }
        #expect(sizes == [nil, nil, .hostFull])
    }

    @Test("forgets what a layer had when the disk has room again")
    func again() {
        var state = LayerWatchState(limit: nil)
        _ = state.isMeasured(freeBytes: Self.little)
        let before = state.measured(1 << 30, freeBytes: Self.little)
        let looks = [Self.plenty, Self.little].map { state.isMeasured(freeBytes: $0) }
        let after = state.measured(2 << 30, freeBytes: Self.little)
        #expect(before == nil && looks == [false, true] && after == nil)
    }

    @Test("ends a container whose layer cannot be measured several times in a row")
    func failures() {
        var state = LayerWatchState(limit: .mebibytes(10))
        var looks = [state.failed(), state.failed(), state.measured(1, freeBytes: nil)]
        looks += [state.failed(), state.failed(), state.failed()]
        #expect(looks == [nil, nil, nil, nil, nil, .unmeasurable])
    }

    @Test("pauses longer after a look that took long")
    func pauses() {
        #expect(LayerWatchState.pause(after: .milliseconds(1)) == .seconds(5))
        #expect(LayerWatchState.pause(after: .seconds(1)) == .seconds(20))
        #expect(LayerWatchState.pause(after: .seconds(10)) == LayerWatchState.pauseMax)
    }
}
