// SPDX-License-Identifier: Apache-2.0
// Trees made and read by workers: the same as by the gateway itself, and no way from one to the host. As root.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import Logging
import Sandbox
import Testing

@testable import ImageBuilder
@testable import ImageStore
@testable import OCI

/// Workers need root, and faasctl as the same build made it.
private enum WorkerProgram {
    static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("faasctl").path
    static var isThere: Bool { geteuid() == 0 && access(path, X_OK) == 0 }
    /// Why these tests did not run.
    static let comment: Comment = "needs root, and faasctl beside the tests"
}

@Suite("Workers for image files", .enabled(if: WorkerProgram.isThere, WorkerProgram.comment), .serialized)
struct WorkerTreeTests {
    private let scratch: Scratch
    private let warden: Warden
    private let trees: TreeAccess

    init() throws {
        scratch = try Scratch()
        for place in ["rootfs", "build", "containers"] {
            try Directories.make(scratch.path + "/data/" + place)
        }
        warden = try Warden(
            dataDirectory: scratch.path + "/data",
            serviceID: Privileges.fallbackID,
            workerProgram: WorkerProgram.path
        )
        trees = TreeAccess(warden: warden)
    }

    private func store(_ trees: TreeAccess, _ data: String) throws -> ImageStore {
        try ImageStore(
            dataDirectory: scratch.path + "/" + data,
            references: MemoryReferenceStore(),
            trees: trees,
            logger: Logger(label: "test")
        )
    }

    private var lower: RawTar {
        var tar = RawTar()
        tar.add("folder/", .directory, mode: 0o2750, owner: 7, mtime: 99)
        tar.add("folder/same", content: "same", mode: 0o4755, owner: 8)
        tar.add("folder/replaced", content: "old")
        tar.add("folder/removed", content: "gone")
        tar.add("closed/", .directory, mode: 0o000, owner: 9)
        tar.add("closed/file", content: "hidden", mode: 0o000, owner: 65_535)
        tar.add("link", .symbolicLink, link: "folder/same")
        tar.add("second", .hardLink, link: "folder/same")
        return tar
    }

    private var upper: RawTar {
        var tar = RawTar()
        tar.add("folder/replaced", content: "new")
        tar.add("folder/.wh.removed")
        tar.add("closed/more", content: "x", owner: 9)
        return tar
    }

    private func unpack(_ layers: [RawTar], in store: ImageStore) async throws -> String {
        let archive = try SampleImage(layers).dockerArchive(tags: nil)
        try scratch.write(archive, to: "archive.tar")
        let digest = try await store.load(archive: scratch.path + "/archive.tar")[0].digest
        let path = try await store.rootfs(for: digest)
        return String(path.dropFirst(scratch.path.utf8.count + 1))
    }

    private var workers: [Int32] {
        let path = "/proc/\(warden.processID)/task/\(warden.processID)/children"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { Int32($0) }
    }

    @Test("make the same trees as the gateway itself, from nothing and upon another")
    func sameTrees() async throws {
        let confined = try store(trees, "data")
        let own = try store(.direct, "own")
        for layers in [[lower], [lower, upper]] {
            let tree = try await unpack(layers, in: confined)
            let expected = try await unpack(layers, in: own)
            #expect(scratch.listing(tree) == scratch.listing(expected))
            #expect(scratch.listing(tree).count > 10)
            #expect(scratch.status(tree)?.st_uid == 0)
            #expect(scratch.status(tree + "/folder")?.st_mtim.tv_sec == 99)
        }
        await warden.stop()
    }

    @Test("share no file between an image and the one built upon it")
    func separate() async throws {
        let store = try store(trees, "data")
        let base = try await unpack([lower], in: store)
        let derived = try await unpack([lower, upper], in: store)
        let file = "/folder/same"
        #expect(scratch.status(base + file)?.st_ino != scratch.status(derived + file)?.st_ino)
        for tree in [base, derived] { #expect(scratch.status(tree + file)?.st_nlink == 2) }
        #expect(scratch.status(derived + "/closed/file")?.st_uid == 65_535)
        #expect(scratch.read(base + "/folder/replaced") == "old")
        await warden.stop()
    }

    @Test("measure and compare trees that the gateway may not enter, and mend one that was changed")
    func closedTrees() async throws {
        let store = try store(trees, "data")
        let tree = try await unpack([lower, upper], in: store)
        let digest = try #require(try await store.list().first?.digest)
        let image = try await store.image(digest: digest)
        let session = try trees.session(on: scratch.path + "/data/rootfs", isWritable: false)
        let chainID = image.chainID
        #expect(try store.roots.bytes(of: chainID, session) > 4096)
        #expect(try store.roots.mend(image).isEmpty)
        try scratch.write("evil", to: tree + "/closed/file")
        #expect(try store.roots.mend(image).contains("/closed/file: content"))
        #expect(scratch.read(tree + "/closed/file") == "hidden")
        #expect(scratch.status(tree + "/closed/file")?.st_uid == 65_535)
        #expect(try store.roots.mend(image).isEmpty)
        await warden.stop()
    }

    @Test("map owners that no container can have to `nobody`")
    func largeOwner() async throws {
        var tar = RawTar()
        tar.add("file", content: "x", owner: 1_000_660_000)
        let tree = try await unpack([tar], in: try store(trees, "data"))
        #expect(scratch.status(tree + "/file")?.st_uid == 65_534)
        await warden.stop()
    }

    @Test("see nothing of the host, have no user of it, and keep capabilities for files only")
    func confined() async throws {
        let session = try trees.session(on: scratch.path + "/data/rootfs", isWritable: true)
        let worker = try #require(workers.first)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/root").isEmpty)
        let status = try String(contentsOfFile: "/proc/\(worker)/status", encoding: .utf8)
        func field(_ name: String) -> String {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
            return line.split(separator: "\t").dropFirst().first.map(String.init) ?? ""
        }
        // CHOWN, DAC_OVERRIDE, FOWNER, FSETID and SETFCAP, over its own user namespace.
        #expect(["CapEff", "CapPrm", "CapBnd"].map(field) == Array(repeating: "000000008000001b", count: 3))
        #expect(["CapInh", "CapAmb"].map(field) == Array(repeating: "0000000000000000", count: 2))
        #expect(field("NoNewPrivs") == "1")
        #expect(field("Seccomp") == "2")
        #expect(UInt32(field("Uid")) == 1_879_048_192)
        for name in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"] {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(name)")
            let its = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(worker)/ns/\(name)")
            #expect(own != its, "\(name)")
        }
        try session.perform(.remove("absent"))
        await warden.stop()
    }

    @Test("do nothing outside of their folder, whatever they are ordered")
    func hostileOrders() async throws {
        let folder = scratch.path + "/data/rootfs/tree"
        try Directories.make(folder)
        // What a parser taken over would try first: a link in place of a folder.
        symlink(scratch.path + "/outside", folder + "/link")
        symlink("/", folder + "/root")
        let session = try trees.session(on: folder, isWritable: true)
        let reader = SessionReader(session)
        for path in ["link/file", "root/etc/passwd", "../../../outside/file", "/etc/passwd"] {
            #expect(throws: ImageError.self, "\(path)") { _ = try reader.open(path) }
        }
        for path in ["../..", "link", "root"] {
            #expect(throws: ImageError.self, "\(path)") { _ = try reader.names(path) }
        }
        for path in ["link/file", "../../../outside/file", "root/etc/passwd"] {
            #expect(throws: ImageError.self, "\(path)") { try session.perform(.own(path, uid: 1, gid: 1)) }
            #expect(throws: ImageError.self, "\(path)") { try session.perform(.remove(path)) }
        }
        let options = trees.options
        #expect(throws: ImageError.self) {
            try session.perform(.clone(from: "../../outside", to: ".", options: options))
        }
        #expect(scratch.read("outside/file") == "secret")
        #expect(scratch.status("outside/file")?.st_uid == 0)
        await warden.stop()
    }

    @Test("that die leave an error behind, and no tree")
    func killed() async throws {
        let session = try trees.session(on: scratch.path + "/data/rootfs", isWritable: true)
        for worker in workers { kill(worker, SIGKILL) }
        #expect(throws: ImageError.self) { try session.perform(.remove("x")) }
        await warden.stop()
        let store = try store(.direct, "data")
        _ = store
        let other = try self.store(trees, "data")
        await #expect(throws: ImageError.self) { _ = try await unpack([lower], in: other) }
        let names = try Directories.names(in: scratch.path + "/data/rootfs")
        #expect(names.filter { Digest(hex: $0) != nil } == [])
    }

    @Test("that answer lies are not believed")
    func lies() async throws {
        var ends: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
        let liar = WorkerPackets(socket: ends[1])
        let reader = SessionReader(WorkerSession(owning: ends[0]))
        var pipe: [Int32] = [-1, -1]
        #expect(csandbox_pipe(&pipe) == 0)
        defer { for end in pipe + [ends[1]] { close(end) } }
        // A pipe in place of a file would make its reader wait for ever.
        try liar.send(TreeAnswer.file, descriptors: [pipe[0]])
        #expect(throws: ImageError.self) { _ = try reader.open("x") }
        try liar.send(TreeAnswer.file)
        #expect(throws: ImageError.self) { _ = try reader.open("x") }
        try liar.send(TreeAnswer.names(["../../etc"]))
        #expect(throws: ImageError.self) { _ = try reader.names("x") }
        try liar.send(TreeAnswer.done)
        #expect(throws: ImageError.self) { _ = try reader.node("x") }
        try liar.send(["no": "answer"])
        #expect(throws: ImageError.self) { _ = try reader.node("x") }
        try liar.send(TreeAnswer.names(["honest"]))
        #expect(try reader.names("x") == ["honest"])
        await warden.stop()
    }
}
