// SPDX-License-Identifier: Apache-2.0
// Side by side with skopeo and umoci from the distribution: what they write we read, what we write they read.

import OCI
import Foundation
import FunctionModel
import Logging
import Testing

@testable import ImageStore

@Suite struct OracleTests {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        scratch = try Scratch()
        store = try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test")
        )
    }

    /// Kind, mode, owner, time, size and target of everything in a tree, and its extended attributes.
    private func inventory(_ folder: String) throws -> Set<String> {
        let script = """
            cd '\(scratch.path)/\(folder)' &&
            find . -mindepth 1 -type d -printf '%P %y %m %U:%G %T@\\n' -o -printf '%P %y %m %U:%G %T@ %s %n %l\\n' &&
            find . -type f -exec sha256sum {} + &&
            { command -v getfattr >/dev/null && find . ! -type l -exec getfattr -d -m - {} + || true; }
            """
        let (isFine, output) = try scratch.run("sh", "-c", script)
        try #require(isFine, "\(output)")
        return Set(output.split(separator: "\n").map(String.init))
    }

    /// An image of three layers made by umoci: links, hard links, modes, owners, deletions, replacements.
    private func makeImage() throws {
        let script = """
            set -e
            umoci init --layout layout
            umoci new --image layout:t
            umoci unpack --image layout:t one
            cd one/rootfs
            mkdir -p etc usr/bin usr/share/doc/deep 'with space' proc sys dev tmp run/secrets var/openfaas/secrets
            for f in hosts hostname resolv.conf; do echo x > etc/$f; done
            chmod 1777 tmp
            cp /bin/true usr/bin/tool; chmod 4755 usr/bin/tool; ln usr/bin/tool usr/bin/same
            ln -s ../../etc/hosts usr/share/link; ln -s usr/bin bin
            echo deep > usr/share/doc/deep/file; echo 'ü' > 'with space/grüße'
            chown 12:34 usr/share/doc; chmod 2750 usr/share/doc; chown -h 5:6 usr/share/link
            mkfifo pipe; touch -d @1234567890.5 usr/share/doc/deep/file
            head -c 300000 /dev/urandom > random; truncate -s 5M sparse
            long=$(printf 'n%.0s' $(seq 200)); mkdir -p $long/$long; echo long > $long/$long/$long
            cd ../..
            umoci repack --image layout:t one
            umoci unpack --image layout:t two
            cd two/rootfs
            rm -r usr/share/doc/deep; rm usr/bin/same; rm bin; mkdir bin; echo new > bin/file
            echo replaced > random; mkdir usr/share/doc/other; touch -h -d @99 usr/share/link
            cd ../..
            umoci repack --image layout:t two
            umoci unpack --image layout:t three
            rm three/rootfs/bin/file; echo last > three/rootfs/last
            umoci repack --image layout:t three
            umoci unpack --image layout:t expected
            """
        let (isFine, output) = try scratch.run("sh", "-c", script)
        try #require(isFine, "\(output)")
    }

    @Test(
        "a tree of three layers is the same as umoci's",
        .enabled(if: Tool.isInstalled("umoci") && geteuid() == 0, "needs umoci and root")
    )
    func sameTree() async throws {
        try makeImage()
        let loaded = try await store.loadLayout(directory: scratch.path + "/layout")
        try #require(loaded.count == 1)
        let image = try await store.image(digest: loaded[0].digest)
        #expect(image.layers.count == 3)
        _ = try await store.rootfs(for: loaded[0].digest)
        let ours = try inventory("data/rootfs/" + image.chainID.hex)
        let theirs = try inventory("expected/rootfs")
        #expect(ours.subtracting(theirs).sorted() == [])
        #expect(theirs.subtracting(ours).sorted() == [])
    }

    @Test(
        "what skopeo writes in each form we load, and it reads what we save",
        .enabled(
            if: Tool.isInstalled("umoci") && Tool.isInstalled("skopeo") && geteuid() == 0,
            "needs umoci, skopeo and root"
        ),
        arguments: ["oci-archive:", "docker-archive:", "oci:"]
    )
    func skopeo(form: String) async throws {
        try makeImage()
        let target = form == "oci:" ? "oci:copied:example.org/copied:1" : form + "copied:example.org/copied:1"
        var (isFine, output) = try scratch.run("skopeo", "copy", "--insecure-policy", "oci:layout:t", target)
        try #require(isFine, "\(output)")
        let path = scratch.path + "/copied"
        let loaded =
            form == "oci:" ? try await store.loadLayout(directory: path) : try await store.load(archive: path)
        #expect(loaded.map(\.reference) == ["example.org/copied:1"])
        let chainID = try await store.resolve("example.org/copied:1").chainID
        _ = try await store.rootfs(for: loaded[0].digest)
        try await store.save(["example.org/copied:1"], to: scratch.path + "/saved.tar")
        for form in ["oci-archive:saved.tar", "docker-archive:saved.tar"] {
            (isFine, output) = try scratch.run(
                "sh",
                "-c",
                "rm -rf again b && skopeo copy --insecure-policy \(form) oci:again:t && umoci unpack --image again:t b"
            )
            try #require(isFine, "\(form): \(output)")
            let ours = try inventory("data/rootfs/" + chainID.hex)
            #expect(try inventory("b/rootfs").symmetricDifference(ours).sorted() == [])
        }
    }

    @Test("archives that are compressed as a whole are loaded", arguments: ["gzip", "zstd", "xz", "bzip2"])
    func compressed(tool: String) async throws {
        try #require(Tool.isInstalled(tool))
        try scratch.write(try SampleImage().dockerArchive(tags: ["hello"]), to: "archive.tar")
        let (isFine, output) = try scratch.run("sh", "-c", "\(tool) -c archive.tar > packed")
        try #require(isFine, "\(output)")
        #expect(try await store.load(archive: scratch.path + "/packed").count == 1)
    }
}
