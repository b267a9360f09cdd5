// SPDX-License-Identifier: Apache-2.0
// Documents that say two things at once, or something unknown.

import Foundation
import FunctionModel
import Testing

@testable import OCI
@testable import Registry

@Suite("Registry document")
struct RegistryDocumentTests {
    private static let digest = Digest(of: [])
    private static let config = #"{"mediaType":"\#(MediaType.configuration)","digest":"\#(digest)","size":0}"#
    private static let layer = #"{"mediaType":"\#(MediaType.layer)","digest":"\#(digest)","size":0}"#
    private static let manifest = #"{"schemaVersion":2,"config":\#(config),"layers":[\#(layer)]}"#
    private static let index = #"{"schemaVersion":2,"manifests":[]}"#

    private func read(_ text: String, _ contentType: String? = nil) throws(RegistryError) -> RegistryDocument
    {
        try RegistryDocument(
            bytes: Array(text.utf8),
            contentType: contentType,
            expected: nil,
            expectedDigest: nil,
            what: "it"
        )
    }

    @Test(
        "the type is the header's without parameters, the document's, or what its content shows",
        arguments: [
            (manifest, "\(MediaType.dockerManifest); charset=utf-8", MediaType.dockerManifest),
            (manifest, "Application/Vnd.OCI.image.manifest.v1+json", MediaType.manifest),
            (manifest, "application/json", MediaType.manifest),
            (index, "", MediaType.index),
            (index, "text/plain; charset=utf-8", MediaType.index),
            (
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifestList)","manifests":[]}"#, "",
                MediaType.dockerManifestList
            ),
        ]
    )
    func type(text: String, header: String, type: String) throws {
        #expect(try read(text, header).descriptor.mediaType == type)
    }

    @Test(
        "a document of two kinds, or called by two names, is refused",
        arguments: [
            (#"{"schemaVersion":2,"manifests":[],"config":\#(config),"layers":[]}"#, MediaType.manifest),
            (#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, MediaType.index),
            (manifest, MediaType.index),
            (index, MediaType.manifest),
            (
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.index)","manifests":[]}"#,
                MediaType.dockerManifestList
            ),
            (#"{"schemaVersion":1,"config":\#(config),"layers":[]}"#, MediaType.manifest),
            (#"{"schemaVersion":2}"#, MediaType.manifest),
            ("[]", MediaType.manifest),
            ("", MediaType.manifest),
        ]
    )
    func confused(text: String, header: String) {
        #expect {
            try read(text, header)
        } throws: { error in
            if case RegistryError.wrongContent = error { true } else { false }
        }
    }

    @Test("unknown types are named")
    func unknown() {
        let old = "application/vnd.docker.distribution.manifest.v1+prettyjws"
        #expect(throws: RegistryError.unknownMediaType(old, in: "it")) { try read(Self.manifest, old) }
        let schema1 = #"{"schemaVersion":1,"fsLayers":[]}"#
        #expect(throws: RegistryError.unknownMediaType(old, in: "it")) { try read(schema1, old) }
        #expect(throws: RegistryError.unknownMediaType("text/html", in: "it")) {
            try read("<html>who are you?</html>", "text/html; charset=utf-8")
        }
        let odd = Self.manifest.replacingOccurrences(of: MediaType.layer, with: "application/x-odd")
        #expect(throws: RegistryError.unknownMediaType("application/x-odd", in: "a layer of it")) {
            try read(odd)
        }
    }

    @Test("size is checked before the digest, both against the descriptor")
    func descriptor() {
        let bytes = Array(Self.index.utf8)
        for (size, digest) in [(bytes.count + 1, Digest(of: bytes)), (bytes.count, Self.digest)] {
            #expect {
                try RegistryDocument(
                    bytes: bytes,
                    contentType: nil,
                    expected: Descriptor(mediaType: MediaType.index, digest: digest, size: size),
                    expectedDigest: nil,
                    what: "it"
                )
            } throws: { error in
                if case RegistryError.wrongContent = error { true } else { false }
            }
        }
    }
}
