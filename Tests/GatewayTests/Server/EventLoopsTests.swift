// SPDX-License-Identifier: Apache-2.0
// How many threads answer connections.

import Testing

@testable import Gateway

@Suite struct EventLoopsTests {
    @Test(
        "there are half as many as processors, and one at least",
        arguments: [(1, 1), (2, 1), (3, 1), (4, 2), (64, 32)]
    )
    func count(processors: Int, loops: Int) {
        #expect(EventLoops.count(processors: processors) == loops)
    }
}
