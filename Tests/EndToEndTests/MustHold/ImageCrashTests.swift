// SPDX-License-Identifier: Apache-2.0
// kill -9 in the middle of pulls, unpackings, builds and prunings: nothing is half there afterwards, no space is lost.

import Foundation
import Testing

extension EndToEnd {
    @Suite(.enabled(if: RegistryUnderTest.isInstalled, "needs docker-registry and skopeo"))
    struct ImageCrashTests {
        /// Moments at which the gateway is killed.
        private static let points = 50

        @Test(
            "killed at any moment of a pull, an unpacking, a build or a pruning, the store is whole and loses nothing",
            .timeLimit(.minutes(5))
        )
        func survivesKills() async throws {
            let given = ProcessInfo.processInfo.environment["MAYFLY_TEST_SEED"].flatMap { UInt64($0) }
            let seed = given ?? .random(in: 0 ... .max)
            var random = SeededRandom(state: seed)
            let scene = try await ImageCrashScene()
            let begin = ContinuousClock.now
            var finished = 0
            do {
                for point in 0..<Self.points {
                    let work = ImageCrashScene.Work.allCases[point % ImageCrashScene.Work.allCases.count]
                    let share = Double.random(in: 0...1.1, using: &random)
                    let place = "seed \(seed), point \(point): \(work) killed after \(share) of its time"
                    if try await scene.kill(during: work, after: share) { finished += 1 }
                    for fault in try await scene.faults() { Issue.record("\(place): \(fault)") }
                }
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
            await scene.remove()
            let took = ContinuousClock.now - begin
            Figures.tell(
                "\(Self.points) kills in \(took), \(finished) after the end of the work; seed \(seed)"
            )
            // Were nearly all of them too late, the test would say nothing.
            #expect(finished < Self.points / 2)
        }
    }
}

/// A generator that gives the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
