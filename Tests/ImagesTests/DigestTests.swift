// SPDX-License-Identifier: Apache-2.0
// Digests: the text form and the hash itself.

import FunctionModel
import Testing

@testable import ImageStore
@testable import OCI

@Suite struct DigestTests {
    @Test("the digest of no bytes is the well-known one")
    func empty() {
        #expect(
            Digest(of: []).description
                == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
    }

    @Test("the digest does not depend on how the bytes are cut")
    func streaming() {
        var hash = SHA256()
        hash.update([1, 2])
        hash.update([])
        hash.update([3])
        #expect(hash.finish() == Digest(of: [1, 2, 3]))
    }

    @Test(
        "text that is no sha256 digest is refused",
        arguments: [
            "", "sha256:", "sha256:00", "sha512:" + String(repeating: "0", count: 128),
            "sha256:" + String(repeating: "A", count: 64), "SHA256:" + String(repeating: "a", count: 64),
            String(repeating: "a", count: 64), "sha256:../" + String(repeating: "a", count: 61),
        ]
    )
    func malformed(text: String) {
        #expect(throws: OCIError.malformedDigest(text)) { try Digest(text) }
    }
}
