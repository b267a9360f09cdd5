// SPDX-License-Identifier: Apache-2.0
// `faasctl cp`: files between this machine and a container.

import ArgumentParser
import ClientFiles
import Foundation
import GatewayAPI

struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp",
        abstract: "Copy files between this machine and a container.",
        discussion: """
            One of both is ID:PATH, the other a path of this machine, or - for a tar. The container runs or is stopped; one of \
            --rm has to run. As with Docker: a folder is \
            copied into a folder that exists, its content with '/.' at the end; onto a path that does not exist it is \
            copied as that. Files belong to root in the container, and to the user here. Links are copied, not \
            followed, unless -L is given for the source; devices, sockets and /proc are not copied.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: [.customShort("L"), .customLong("follow-link")], help: "Follow a link that the source is.")
    var followsLink = false

    @Argument(help: ArgumentHelp("What to copy: ID:PATH, a path, or -.", valueName: "source"))
    var source: String

    @Argument(help: ArgumentHelp("Where to: ID:PATH, a path, or -.", valueName: "target"))
    var target: String

    private var what: String { "cannot copy '\(source)'" }

    func validate() throws {
        switch (CopyPlace(source), CopyPlace(target)) {
        case (.container, .local), (.container, .stream), (.local, .container), (.stream, .container): return
        case (.container, .container):
            throw ValidationError("copying between containers is not supported; copy here first")
        default: throw ValidationError("one of both has to be ID:PATH")
        }
    }

    func run() async throws {
        let client = try global.client()
        switch (CopyPlace(source), CopyPlace(target)) {
        case (.container(let id, let path), .local(let target)): try await fetch(client, id, path, to: target)
        case (.container(let id, let path), .stream): try await stream(client, id, path)
        case (.local(let source), .container(let id, let path)): try await send(client, source, id, path)
        case (.stream, .container(let id, let path)): try await sendStream(client, id, path)
        default: return
        }
    }

    // MARK: Out of the container

    /// Of an archive that is kept on this host before it is unpacked: a little more than the files that one may have.
    private static let downloadBytesMax = 9 << 30

    private func fetch(_ client: GatewayClient, _ id: String, _ path: String, to target: String) async throws
    {
        guard let status = try await client.pathStatus(id, path, follows: followsLink, what) else {
            throw CommandFailure(what, why: "there is no '\(path)' in the container")
        }
        let isFolder = status.kind == "folder"
        let place = try plan(path, isFolder: isFolder, to: target, there: Self.local(target))
        let archive = NSTemporaryDirectory() + "/faasctl-cp-" + UUID().uuidString
        guard let file = FileHandle(forWritingAtPath: archive, creating: 0o600) else {
            throw CommandFailure(what, why: "no temporary file can be made: \(systemMessage(errno))")
        }
        defer { unlink(archive) }
        var size = 0
        try await download(client, id, path, name: "copy") { bytes throws(CommandFailure) in
            size += bytes.count
            guard size <= Self.downloadBytesMax else {
                throw CommandFailure(what, why: "it is longer than \(Self.downloadBytesMax) bytes")
            }
            do { try file.write(contentsOf: bytes) } catch {
                throw CommandFailure(what, why: error.localizedDescription)
            }
        }
        try file.close()
        do throws(ClientFileError) { try ReceivedArchive.move(archive, "copy", to: place) } catch {
            throw CommandFailure(what, why: error.description)
        }
    }

    private func stream(_ client: GatewayClient, _ id: String, _ path: String) async throws {
        try await download(client, id, path, name: CopyTarget.name(of: path) ?? ".") {
            bytes throws(CommandFailure) in
            try Terminal.output.write(bytes)
        }
    }

    private func download(
        _ client: GatewayClient,
        _ id: String,
        _ path: String,
        name: String,
        _ onBytes: (Data) throws(CommandFailure) -> Void
    ) async throws(CommandFailure) {
        var request = GatewayRequest("GET", APIPattern.containerArchive.path(id))
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        request.query = [("path", path), ("name", name)]
        if followsLink { request.query.append(("follow", "true")) }
        var refusal = Data()
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            try onBytes(bytes)
        }
        guard head.isSuccess else { throw client.failure(GatewayResponse(head: head, body: refusal), what) }
    }

    // MARK: Into the container

    private func send(_ client: GatewayClient, _ source: String, _ id: String, _ path: String) async throws {
        let typed = source
        var source = URL(fileURLWithPath: source).standardizedFileURL.path
        if followsLink { source = URL(fileURLWithPath: source).resolvingSymlinksInPath().path }
        var status = stat()
        guard lstat(source, &status) == 0 else {
            throw CommandFailure(what, why: systemMessage(errno))
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        guard isFolder || [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) else {
            throw CommandFailure(
                what,
                why: "it is no file, folder or link: devices and sockets are not copied"
            )
        }
        let there = try await client.pathStatus(id, path, follows: true, what)
        let kind: CopyKind = there.map { $0.kind == "folder" ? .folder : .file } ?? .none
        let named = CopyTarget.name(of: typed) == nil && !CopyTarget.takesContent(typed) ? source : typed
        let place = try plan(named, isFolder: isFolder, to: path, there: kind)
        let (folder, name) = (
            (source as NSString).deletingLastPathComponent, (source as NSString).lastPathComponent
        )
        let upload = try FolderUpload(what) { () throws(ClientFileError) in
            isFolder
                ? try PackedFolder(source, isCompressed: client.compresses)
                : try PackedFolder(file: name, of: folder, isCompressed: client.compresses)
        }
        var request = put(id, place, from: isFolder ? "" : name)
        request.content = upload.content
        let sent = request
        let answer = try await upload.carry(what) { () async throws(CommandFailure) in
            try await client.exchange(sent)
        }
        guard answer.head.isSuccess else { throw client.failure(answer, what) }
    }

    private func sendStream(_ client: GatewayClient, _ id: String, _ path: String) async throws {
        guard try await client.pathStatus(id, path, follows: true, what)?.kind == "folder" else {
            throw CommandFailure(what, why: "'\(path)' is no folder of the container")
        }
        var request = put(id, path, from: "")
        request.content = .stream(0, type: MediaName.tar)
        _ = try await client.require(request, what)
    }

    private func put(_ id: String, _ path: String, from: String) -> GatewayRequest {
        var request = GatewayRequest("PUT", APIPattern.containerArchive.path(id))
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        request.query = [("path", path)]
        if !from.isEmpty { request.query.append(("from", from)) }
        return request
    }

    // MARK: Places

    private func plan(
        _ source: String,
        isFolder: Bool,
        to target: String,
        there: CopyKind
    ) throws(CommandFailure) -> String {
        do throws(CopyTarget.Refusal) {
            return try CopyTarget.path(of: source, isFolder: isFolder, to: target, there: there)
        } catch {
            throw CommandFailure(what, why: error.text)
        }
    }

    private static func local(_ path: String) -> CopyKind {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return .none }
        return isFolder.boolValue ? .folder : .file
    }
}

extension FileHandle {
    /// A new file for writing; nil when it cannot be made.
    fileprivate convenience init?(forWritingAtPath path: String, creating mode: mode_t) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return nil }
        self.init(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

extension GatewayClient {
    /// What is at a path of a container; nil when there is nothing.
    fileprivate func pathStatus(
        _ id: String,
        _ path: String,
        follows: Bool,
        _ what: String
    ) async throws(CommandFailure) -> PathBody? {
        var request = GatewayRequest("GET", APIPattern.containerPath.path(id))
        request.query = [("path", path)]
        if follows { request.query.append(("follow", "true")) }
        let answer = try await exchange(request)
        if answer.head.status == 404, answer.problem?.code == ProblemBody.unknownPath { return nil }
        guard answer.head.isSuccess else { throw failure(answer, what) }
        return try Self.decode(PathBody.self, from: answer.body, what)
    }
}
