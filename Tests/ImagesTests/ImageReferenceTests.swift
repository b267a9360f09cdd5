// SPDX-License-Identifier: Apache-2.0
// References: short names made whole, and what is none.

import Testing

@testable import ImageStore
@testable import OCI

@Suite struct ImageReferenceTests {
    private static let hex = String(repeating: "a", count: 64)

    @Test(
        "short names are made whole",
        arguments: [
            ("hello", "docker.io/library/hello:latest", "hello:latest"),
            ("hello:1", "docker.io/library/hello:1", "hello:1"),
            ("me/hello", "docker.io/me/hello:latest", "me/hello:latest"),
            ("docker.io/hello", "docker.io/library/hello:latest", "hello:latest"),
            ("index.docker.io/me/hello", "docker.io/me/hello:latest", "me/hello:latest"),
            ("localhost/hello", "localhost/hello:latest", "localhost/hello:latest"),
            ("localhost:5000/a/b:c", "localhost:5000/a/b:c", "localhost:5000/a/b:c"),
            ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"),
            (
                "ghcr.io/a/b_c/d__e/f--g.h", "ghcr.io/a/b_c/d__e/f--g.h:latest",
                "ghcr.io/a/b_c/d__e/f--g.h:latest"
            ),
            ("a@sha256:" + hex, "docker.io/library/a@sha256:" + hex, "a@sha256:" + hex),
            ("a:1@sha256:" + hex, "docker.io/library/a:1@sha256:" + hex, "a:1@sha256:" + hex),
        ]
    )
    func normalised(text: String, whole: String, familiar: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == whole)
        #expect(reference.familiar == familiar)
        #expect(try ImageReference(whole) == reference)
        #expect(try ImageReference(familiar) == reference)
    }

    @Test(
        "what is no reference is refused",
        arguments: [
            "", "Hello", "a//b", "/a", "a/", "a:", "a:b:c", "a b", "a/../b", "-a", "a-", "a___b", "a..b",
            "a:.x",
            "host:port/a", "host:99999/a", "a@sha256:12", "a@md5:00", "ho_st.example/-", "-x.y/a",
            "x:" + String(repeating: "t", count: 129), String(repeating: "a", count: 256), "ä", "a/b\0",
        ]
    )
    func refused(text: String) {
        #expect(throws: OCIError.self) { try ImageReference(text) }
    }
}
