// SPDX-License-Identifier: Apache-2.0
// What the tests' own tools promise: nothing that a failing test has started outlives it.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct HarnessTests {
        private struct Early: Error {}

        private static func throwEarly(_ data: String, _ started: (Int32) -> Void) async throws {
            let gateway = try await GatewayUnderTest(dataFolder: data)
            started(gateway.processID)
            throw Early()
        }

        @Test("a gateway ends with the test that made it and threw early")
        func endsEarly() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            var processID: Int32 = 0
            await #expect(throws: Early.self) { try await Self.throwEarly(data) { processID = $0 } }
            try #require(processID > 1)
            let deadline = ContinuousClock.now + Patience.duration(.seconds(5))
            while kill(processID, 0) == 0, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(kill(processID, 0) == -1 && errno == ESRCH)
            if kill(processID, 0) == 0 { kill(processID, SIGTERM) }
        }
    }
}
