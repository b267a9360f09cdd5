// SPDX-License-Identifier: Apache-2.0
// Images made of root file systems: what is kept, what is left out, what is refused.

import CSandbox
import Foundation
import Glibc
import Logging
import Testing

@testable import ImageBuilder
@testable import ImageStore
@testable import OCI

@Suite struct ImageImportTests {
    private let scratch: Scratch
    private let store: ImageStore

    init() throws {
        scratch = try Scratch()
        store = try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private var root: RawTar {
        var tar = RawTar()
        tar.add("./", .directory, mode: 0o755)
        tar.add("./bin/", .directory, mode: 0o755)
        tar.add("./bin/tool", content: "tool", mode: 0o4755, owner: 3)
        tar.add("./bin/again", .hardLink, link: "./bin/tool")
        tar.add("./sh", .symbolicLink, link: "bin/tool")
        tar.add("./dev/", .directory)
        tar.add("./dev/null", .characterDevice, mode: 0o666)
        tar.add("./dev/disk", .blockDevice, mode: 0o660)
        tar.add("./etc/passwd", content: "app:x:1000:1000::/:/bin/sh\n")
        tar.add("./.wh.etc", content: "")
        return tar
    }

    private func archive(_ tar: RawTar) throws -> String {
        try scratch.write(tar.finished, to: "root.tar")
        return scratch.path + "/root.tar"
    }

    private func imported(_ tar: RawTar, _ request: ImportRequest) async throws -> ImportedImage {
        try await store.importRoot(archive: try archive(tar), called: "the archive", request)
    }

    @Test("a root file system becomes an image of one layer, without device nodes")
    func imports() async throws {
        let result = try await imported(root, ImportRequest(reference: "debian:base"))
        #expect(result.reference == "docker.io/library/debian:base")
        #expect(result.skippedEntries == 3)
        let image = try await store.resolve("debian:base")
        #expect(image.layers.count == 1 && image.digest == result.digest)
        #expect(image.execution.command == nil && image.execution.entrypoint == nil)
        #expect(image.configuration.history?.map(\.comment) == ["Imported from -"])
        #expect(image.platform == Platform.host)
        let path = try await store.rootfs(for: image.digest)
        let tree = String(path.dropFirst(scratch.path.utf8.count + 1))
        #expect(scratch.read(tree + "/bin/tool") == "tool")
        #expect(scratch.status(tree + "/bin/tool")?.st_nlink == 2)
        #expect(scratch.status(tree + "/bin/tool")?.st_mode == S_IFREG | 0o4755)
        #expect(scratch.status(tree + "/dev/null") == nil && scratch.status(tree + "/etc/passwd") != nil)
        #expect(try await store.verify().isEmpty)
        store.roots.durability.settle()
    }

    @Test("changes set the configuration, and the history has the message")
    func changes() async throws {
        var request = ImportRequest(reference: "debian:base")
        request.message = "made by debootstrap"
        request.execution = try ImportChanges.execution([
            "CMD [\"/bin/tool\", \"-x\"]", "ENV A=b", "ENV C=$A-d", "USER app", "WORKDIR /srv", "EXPOSE 80",
            "ENTRYPOINT [\"/sh\"]", "LABEL x=y",
        ])
        _ = try await imported(root, request)
        let image = try await store.resolve("debian:base")
        #expect(image.execution.command == ["/bin/tool", "-x"])
        #expect(image.execution.environment == ["A=b", "C=b-d"])
        #expect(image.execution.user == "app" && image.execution.workingDirectory == "/srv")
        #expect(image.execution.exposedPorts?.keys.sorted() == ["80/tcp"])
        #expect(image.command() == ["/sh", "/bin/tool", "-x"])
        #expect(image.configuration.history?.map(\.comment) == ["made by debootstrap"])
        store.roots.durability.settle()
    }

    @Test(
        "what makes a layer or is no instruction is refused as a change",
        arguments: ["RUN x", "COPY a b", "ARG A=b", "FROM x", "NOTHING", "", "USER"]
    )
    func refusedChanges(change: String) {
        #expect(throws: ImageError.self) { try ImportChanges.execution([change]) }
    }

    @Test("hostile and damaged archives leave nothing, and no error reveals the gateway's paths")
    func hostile() async throws {
        var climbing = RawTar()
        climbing.add("../../outside/file", content: "x")
        var throughLink = RawTar()
        throughLink.add("link", .symbolicLink, link: scratch.outside)
        throughLink.add("link/file", content: "x")
        throughLink.add("bad", .hardLink, link: "absent")
        var blocked = RawTar()
        blocked.add("etc", .symbolicLink, link: "/elsewhere")
        for tar in [climbing, throughLink, blocked, RawTar()] {
            let path = try archive(tar)
            await #expect {
                try await store.importRoot(
                    archive: path,
                    called: "the archive",
                    ImportRequest(reference: "x:1")
                )
            } throws: { error in
                !"\(error)".contains(scratch.path)
            }
        }
        try scratch.write("no archive at all", to: "root.tar")
        await #expect(throws: ImageError.self) {
            try await store.importRoot(
                archive: scratch.path + "/root.tar",
                called: "the archive",
                ImportRequest(reference: "x:1")
            )
        }
        // Also names of what is not whole, which no list shows.
        #expect(try await store.references.all().isEmpty)
        #expect(try store.roots.all().isEmpty)
        #expect(scratch.read("outside/file") == "secret")
    }

    @Test("a folder is packed with its links, attributes, modes and owners, and without devices")
    func packed() async throws {
        let folder = scratch.path + "/folder"
        try Directories.make(folder + "/sub")
        try scratch.write("one", to: "folder/sub/one")
        link(folder + "/sub/one", folder + "/two")
        symlink("sub/one", folder + "/link")
        chmod(folder + "/sub", 0o2751)
        let isRoot = geteuid() == 0
        if isRoot {
            chown(folder + "/sub/one", 42, 43)
            mknod(folder + "/null", S_IFCHR | 0o666, dev_t(0x103))
        }
        mkfifo(folder + "/pipe", 0o600)
        chmod(folder + "/pipe", 0o620)
        let descriptor = open(scratch.path + "/root.tar", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let sink = FileSink(OpenFile(owning: descriptor), "root.tar")
        let skipped = try RootArchive.pack(
            directory: folder,
            compression: .gzip,
            keepsOwners: isRoot,
            sink: { bytes throws(ImageError) in try sink.write(bytes) }
        )
        #expect(skipped == (isRoot ? 1 : 0))
        let request = ImportRequest(reference: "packed:1")
        let result = try await store.importRoot(
            archive: scratch.path + "/root.tar",
            called: "the archive",
            request
        )
        #expect(result.skippedEntries == 0)
        let path = try await store.rootfs(for: result.digest)
        let tree = String(path.dropFirst(scratch.path.utf8.count + 1))
        let one = try #require(scratch.status(tree + "/sub/one"))
        #expect(one.st_nlink == 2 && one.st_ino == scratch.status(tree + "/two")?.st_ino)
        if isRoot { #expect(one.st_uid == 42 && one.st_gid == 43) }
        #expect(scratch.status(tree + "/sub")?.st_mode == S_IFDIR | 0o2751)
        #expect(scratch.status(tree + "/pipe")?.st_mode == S_IFIFO | 0o620)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path + "/link") == "sub/one")
        store.roots.durability.settle()
    }

    @Test("the load of a root file system says what it is and what makes an image of it")
    func loadOfRoot() async throws {
        let path = try archive(root)
        await #expect {
            try await store.load(archive: path, called: "the archive")
        } throws: { error in
            let text = "\(error)"
            return text.contains("root file system") && text.contains("faasctl image import")
                && !text.contains(scratch.path)
        }
        #expect(try store.blobs.all().isEmpty)
    }
}
