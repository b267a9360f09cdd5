// SPDX-License-Identifier: Apache-2.0
// Bodies arrive byte for byte, both ways.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct BytesTests {
        @Test("0 bytes, 1 byte and 10 MiB of random bytes come back as they went in")
        func echoes() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("echo"))
                for count in [0, 1, 10 << 20] {
                    let body = Self.randomBytes(count)
                    let answer = try await gateway.call("/function/echo", method: "POST", body: body)
                    #expect(answer.status == 200)
                    #expect(answer.body == body, "\(answer.body.count) of \(count) bytes, or others")
                    let result = try await gateway.faasctl("invoke", "echo", "-d", "-", input: body)
                    #expect(result.code == 0)
                    #expect(result.output == body, "\(result.output.count) of \(count) bytes, or others")
                }
                let records = try await gateway.invocations("echo", atLeast: 6)
                #expect(Set(records.map(\.bytesOut)) == [0, 1, 10 << 20])
                #expect(Set(records.map(\.bytesIn)) == [0, 1, 10 << 20])
            }
        }

        @Test("a body over the limit is refused with 413 and nothing runs")
        func refusesLargeBodies() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    "/bin/busybox wc -c",
                    name: "small",
                    configuration: "limits: {body: 1Ki}"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let fits = try await gateway.call(
                    "/function/small",
                    method: "POST",
                    body: Self.randomBytes(1024)
                )
                #expect(fits.text.trimmingCharacters(in: .whitespacesAndNewlines) == "1024")
                let large = try await gateway.call(
                    "/function/small",
                    method: "POST",
                    body: Self.randomBytes(1025)
                )
                #expect(large.status == 413)
            }
        }

        private static func randomBytes(_ count: Int) -> Data {
            var generator = SystemRandomNumberGenerator()
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 8)
            while bytes.count < count {
                withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
            }
            return Data(bytes.prefix(count))
        }
    }
}
