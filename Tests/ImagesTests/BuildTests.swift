// SPDX-License-Identifier: Apache-2.0
// Whole builds: from a folder to the files and the configuration of an image.

import FunctionModel
import ImageStore
import OCI
import Testing

@testable import ImageBuilder
@testable import OCI

@Suite struct BuildTests {
    @Test("FROM scratch with COPY, ENV, WORKDIR, USER, LABEL, EXPOSE, ENTRYPOINT and CMD makes what it says")
    func firstImage() async throws {
        let bench = try BuildBench()
        try bench.write("hello", "#!hello", mode: 0o755)
        try bench.write("conf/a", "A")
        let digest = try await bench.build(
            """
            FROM scratch
            ENV GREETING=hi NAME="a b"
            WORKDIR /srv
            COPY hello /bin/hello
            COPY conf etc/
            USER 1000:1000
            LABEL a=b "c d"="$GREETING"
            EXPOSE 8080 9000/udp
            ENTRYPOINT ["/bin/hello"]
            CMD ["--verbose"]
            """
        ) { $0.tag = "hello" }
        #expect(
            try await bench.entries(digest) == [
                "srv/ 755 0:0", "bin/ 755 0:0", "bin/hello 755 0:0 = #!hello", "srv/etc/ 755 0:0",
                "srv/etc/a 644 0:0 = A",
            ]
        )
        let image = try await bench.store.resolve("hello")
        #expect(image.digest == digest)
        let execution = image.execution
        #expect(execution.environment == [RunPlan.defaultPath, "GREETING=hi", "NAME=a b"])
        #expect(execution.workingDirectory == "/srv")
        #expect(execution.user == "1000:1000")
        #expect(execution.labels == ["a": "b", "c d": "hi"])
        #expect(execution.exposedPorts?.keys.sorted() == ["8080/tcp", "9000/udp"])
        #expect(image.command() == ["/bin/hello", "--verbose"])
        #expect(bench.events.all.last == .built(digest: digest))
    }

    @Test(
        "the same input and SOURCE_DATE_EPOCH give the same digest, cached or not, and in another data folder"
    )
    func reproducible() async throws {
        // The sources are written anew in each turn: without a bound, their dates would be part of the digest.
        let epoch = ["SOURCE_DATE_EPOCH": "1100000000"]
        let text = "FROM scratch\nCOPY . /app/\nWORKDIR /app/sub/x\nCMD [\"/app/a\"]\n"
        var digests: Set<Digest> = []
        for _ in 0..<2 {
            let bench = try BuildBench()
            try bench.write("b/c", "C")
            try bench.write("a", "A", mode: 0o755)
            digests.insert(try await bench.build(text) { $0.buildArguments = epoch })
            digests.insert(try await bench.build(text) { $0.buildArguments = epoch })
            #expect(bench.events.cachedCount == 3)
            digests.insert(
                try await bench.build(text) {
                    $0.buildArguments = epoch
                    $0.noCache = true
                }
            )
            #expect(bench.events.cachedCount == 0)
        }
        #expect(digests.count == 1)
    }
}
