// SPDX-License-Identifier: Apache-2.0
// Dates of an image: of copied files, of what the build makes, of the documents, and SOURCE_DATE_EPOCH.

import FunctionModel
import ImageStore
import OCI
import Testing

@testable import ImageBuilder

@Suite("Dates of a built image") struct BuildDateTests {
    static let text = "FROM scratch\nCOPY d /x/\nCOPY <<here /\nhello\nhere\nWORKDIR /w\n"

    static func bench() throws -> BuildBench {
        let bench = try BuildBench()
        try bench.write("d/s/old", "O")
        try bench.write("d/late", "L")
        bench.link("d/link", to: "late")
        bench.touch("d/s/old", -5)
        bench.touch("d/late", 1_900_000_000)
        bench.touch("d/link", 1_000_000_000)
        bench.touch("d/s", 1_100_000_000)
        return bench
    }

    @Test("copied files keep the seconds of their source; what the build makes has the time of the build")
    func copied() async throws {
        let bench = try Self.bench()
        let digest = try await bench.build(Self.text)
        #expect(
            try await bench.dates(digest) == [
                "x/": BuildClock.start, "x/s/": 1_100_000_000, "x/s/old": -5, "x/late": 1_900_000_000,
                "x/link": 1_000_000_000, "here": BuildClock.start, "w/": BuildClock.start,
            ]
        )
        let second = try await bench.build(Self.text + "FROM scratch\nCOPY --from=0 /x /y\n")
        #expect(try await bench.dates(second)["y/late"] == 1_900_000_000)
    }

    @Test("SOURCE_DATE_EPOCH is the newest date of any file, and the date of the documents")
    func bounded() async throws {
        let bench = try Self.bench()
        let digest = try await bench.build(Self.text) {
            $0.buildArguments = ["SOURCE_DATE_EPOCH": "1050000000"]
        }
        #expect(
            try await bench.dates(digest) == [
                "x/": 1_050_000_000, "x/s/": 1_050_000_000, "x/s/old": -5, "x/late": 1_050_000_000,
                "x/link": 1_000_000_000, "here": 1_050_000_000, "w/": 1_050_000_000,
            ]
        )
        let configuration = try await bench.store.image(digest: digest).configuration
        #expect(configuration.created == "2003-04-10T18:40:00Z")
        #expect(Set(configuration.history?.compactMap(\.created) ?? []) == ["2003-04-10T18:40:00Z"])
        for bad in ["soon", "-1", "8589934592", "1.5"] {
            let failure = try await bench.failure(Self.text) {
                $0.buildArguments = ["SOURCE_DATE_EPOCH": bad]
            }
            #expect(failure == "SOURCE_DATE_EPOCH: '\(bad)' is not valid, expected seconds since 1970")
        }
    }

    @Test("a cached step keeps the time at which it was executed, and the image its digest")
    func cached() async throws {
        let bench = try Self.bench()
        let first = try await bench.build(Self.text)
        bench.clock.set(BuildClock.start + 60)
        // Dates of sources are no part of the keys.
        bench.touch("d/late", 1_800_000_000)
        #expect(try await bench.build(Self.text) == first)
        #expect(bench.events.cachedCount == 3)
        let more = try await bench.build(Self.text + "ENV a=1\n")
        let history = try await bench.store.image(digest: more).configuration.history?.map(\.created)
        #expect(history?.suffix(2) == ["2020-09-13T12:26:40Z", "2020-09-13T12:27:40Z"])
        let again = try await bench.build(Self.text) { $0.noCache = true }
        #expect(again != first)
        #expect(try await bench.dates(again)["x/late"] == 1_800_000_000)
        #expect(try await bench.dates(again)["w/"] == BuildClock.start + 60)
    }
}
