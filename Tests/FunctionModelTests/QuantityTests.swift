// SPDX-License-Identifier: Apache-2.0
// Sizes, spans of time and processor shares: tables of good and bad input.

import Foundation
import FunctionModel
import Testing

/// Input that no parser of quantities may accept, or stumble over.
private let nonsense = [
    "", " ", "x", "-1", "+", ".", "..", "1..2", "1 2", "0x10", "1e3", "1e300", "inf", "-inf", "nan", "NaN",
    "infinity", "١٢", "1\u{0}", "m", "Mi", "s", "99999999999999999999999999", "1\n", " 1", "1 ",
    String(repeating: "9", count: 400), String(repeating: "9", count: 400) + "m",
]

@Suite struct ByteCountTests {
    @Test(
        "a size is read with any unit that Kubernetes and OpenFaaS write",
        arguments: [
            ("0", 0), ("1048576", 1_048_576), ("64Mi", 64 << 20), ("64MiB", 64 << 20), ("1Gi", 1 << 30),
            ("2Ti", 2 << 40), ("4Ki", 4096), ("64M", 64_000_000), ("64MB", 64_000_000), ("64mb", 64_000_000),
            ("64m", 64_000_000), ("1g", 1_000_000_000), ("1G", 1_000_000_000), ("10k", 10_000),
            ("10K", 10_000),
            ("1T", 1_000_000_000_000), ("512b", 512), ("007", 7),
        ]
    )
    func good(text: String, bytes: Int) throws {
        #expect(try ByteCount(text, field: "limits.memory").bytes == bytes)
    }

    @Test(
        "what is no size is refused with the field's name",
        arguments: nonsense + [
            "1.5Gi", "64 Mi", "64Pi", "-64Mi", "64MiBB", "9223372036854775808", "8388608Ti",
        ]
    )
    func bad(text: String) {
        let error = #expect(throws: ModelError.self) { try ByteCount(text, field: "limits.memory") }
        #expect(error?.field == "limits.memory")
        #expect(error?.value == text)
    }

    @Test(
        "a size is written in the largest unit that divides it, and reads back the same",
        arguments: [
            (0, "0"), (1, "1"), (1024, "1Ki"), (1536, "1536"), (64 << 20, "64Mi"), (3 << 30, "3Gi"),
            (5 << 40, "5Ti"), (1_000_000, "1000000"), (64_000_000, "62500Ki"),
            (Int.max, "9223372036854775807"),
        ]
    )
    func written(bytes: Int, text: String) throws {
        #expect(ByteCount(bytes: bytes).description == text)
        #expect(try ByteCount(text, field: "f").bytes == bytes)
    }

    @Test("in JSON a number is bytes, a text has its unit, and a negative number is refused")
    func coded() throws {
        func decode(_ json: String) throws -> [ByteCount] {
            try JSONDecoder().decode([ByteCount].self, from: Data(json.utf8))
        }
        #expect(try decode("[5, \"5\", \"1Ki\"]").map(\.bytes) == [5, 5, 1024])
        #expect(throws: ModelError.self) { try decode("[-5]") }
        #expect(throws: (any Error).self) { try decode("[1.5]") }
        #expect(throws: (any Error).self) { try decode("[true]") }
        #expect(try JSONEncoder().encode([ByteCount.mebibytes(128)]) == Data("[\"128Mi\"]".utf8))
    }
}

@Suite struct TimeSpanTests {
    @Test(
        "a span is read as Go writes it, and a bare number is seconds",
        arguments: [
            ("0", 0), ("0s", 0), ("60", 60_000_000_000), ("60s", 60_000_000_000), ("1m30s", 90_000_000_000),
            ("250ms", 250_000_000), ("1.5h", 5_400_000_000_000), ("10us", 10_000), ("10µs", 10_000),
            ("10\u{3BC}s", 10_000), ("7ns", 7), ("1h2m3s", 3_723_000_000_000), ("2d", 172_800_000_000_000),
            (".5s", 500_000_000), ("5.s", 5_000_000_000), ("+5", 5_000_000_000),
        ]
    )
    func good(text: String, nanoseconds: Int64) throws {
        #expect(try TimeSpan(text, field: "timeout").nanoseconds == nanoseconds)
    }

    @Test(
        "what is no span, or is longer than a year, is refused with the field's name",
        arguments: nonsense + ["-5s", "5 s", "5S", "1m30", "s5", "10000h", "5s-1s", "1e3s", "infs", "5y"]
    )
    func bad(text: String) {
        let error = #expect(throws: ModelError.self) { try TimeSpan(text, field: "timeout") }
        #expect(error?.field == "timeout")
    }

    @Test(
        "a span reads back as it is written",
        arguments: ["0s", "60s", "90s", "1m30s", "1500ms", "250ms", "10us", "7ns", "24h", "1h1s", "8784h"]
    )
    func written(text: String) throws {
        let span = try TimeSpan(text, field: "f")
        #expect(try TimeSpan(span.description, field: "f") == span)
    }

    @Test("the written form is the shortest of Go's")
    func form() throws {
        #expect(TimeSpan.seconds(60).description == "1m")
        #expect(TimeSpan.seconds(90).description == "1m30s")
        #expect(TimeSpan.seconds(3600).description == "1h")
        #expect(TimeSpan(.milliseconds(1500)).description == "1500ms")
        #expect(TimeSpan.seconds(1) < TimeSpan.seconds(2))
    }

    @Test("in JSON a whole number is seconds")
    func coded() throws {
        let spans = try JSONDecoder().decode([TimeSpan].self, from: Data("[5, \"5\", \"5s\"]".utf8))
        #expect(spans == [.seconds(5), .seconds(5), .seconds(5)])
        #expect(throws: ModelError.self) {
            try JSONDecoder().decode([TimeSpan].self, from: Data("[-5]".utf8))
        }
    }
}

@Suite struct MillicoresTests {
    @Test(
        "a share is read in cores or thousandths",
        arguments: [
            ("500m", 500), ("1", 1000), ("1.5", 1500), ("0.001", 1), ("1m", 1), ("1000", 1_000_000),
            ("1000000m", 1_000_000), (".5", 500),
        ]
    )
    func good(text: String, count: Int) throws {
        #expect(try Millicores(text, field: "limits.cpu").count == count)
    }

    @Test(
        "what is no share of a real machine is refused, not stumbled over",
        arguments: nonsense + ["0", "0m", "0.0001", "1001", "1000001m", "1.5m", "-1m", "500M", "+5m", "1,5"]
    )
    func bad(text: String) {
        let error = #expect(throws: ModelError.self) { try Millicores(text, field: "limits.cpu") }
        #expect(error?.field == "limits.cpu")
    }

    @Test("in JSON a number is cores, however large it claims to be")
    func coded() throws {
        func decode(_ json: String) throws -> [Int] {
            try JSONDecoder().decode([Millicores].self, from: Data(json.utf8)).map(\.count)
        }
        #expect(try decode("[1, 0.5, \"250m\"]") == [1000, 500, 250])
        for json in ["[1e300]", "[-1]", "[0]"] { #expect(throws: (any Error).self) { try decode(json) } }
        #expect(try JSONEncoder().encode([Millicores(count: 250)]) == Data("[\"250m\"]".utf8))
    }
}
