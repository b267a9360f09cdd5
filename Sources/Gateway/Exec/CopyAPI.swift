// SPDX-License-Identifier: Apache-2.0
// Files of a running container: what is at a path, and tar in both directions. OwnPaths adds it.

import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageStore
import Scheduler

/// GET and PUT /v1/containers/ID/archive, and GET /v1/containers/ID/path.
struct CopyAPI: Sendable {
    let entered: EnteredProcesses
    let uploads: Uploads

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.containerPath.pattern, [.get: status])
        router.resource(APIPattern.containerArchive.pattern, [.get: archive, .put: write])
    }

    private static func path(_ context: OwnContext) throws -> String {
        guard let path = context.query("path"), path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw Problem(400, .invalid, "'path' is missing, expected an absolute path of the container")
        }
        return path
    }

    private func files(_ context: OwnContext) async throws -> ContainerFiles {
        try await entered.files(of: context.parameters.get("id") ?? "")
    }

    /// Does something with the files of a container and gives them back.
    private func withFiles<Value>(
        _ context: OwnContext,
        _ body: (ContainerFiles) async throws -> Value
    ) async throws -> Value {
        let files = try await files(context)
        do {
            let value = try await body(files)
            await files.end()
            return value
        } catch {
            await files.end()
            throw error
        }
    }

    /// `path`; `follow`: a link at its end is followed.
    @Sendable private func status(_ request: Request, _ context: OwnContext) async throws -> Response {
        let path = try Self.path(context)
        let status = try await withFiles(context) {
            try await $0.status(path, follows: context.flag("follow"))
        }
        return try WireJSON.response(
            PathBody(
                kind: status.kind.rawValue,
                sizeBytes: status.sizeBytes,
                mode: status.mode,
                target: status.target
            )
        )
    }

    /// `path`; `name` of the first entry; `follow`.
    ///
    /// The body's end is left out after a failure, so that no client takes the archive for complete.
    @Sendable private func archive(_ request: Request, _ context: OwnContext) async throws -> Response {
        let path = try Self.path(context)
        let follows = context.flag("follow")
        let name = context.query("name") ?? "."
        guard !name.isEmpty, name != "..", !name.contains("/") else {
            throw Problem(400, .invalid, "'name' has to be a name without '/'")
        }
        let files = try await files(context)
        do { try await Self.check(path, of: files, follows: follows) } catch {
            await files.end()
            throw error
        }
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.tar],
            body: ResponseBody { writer in
                try await Self.send(files, path, name: name, follows: follows, to: &writer)
                // Before the answer's end: its reader may start the container next.
                await files.end()
                try await writer.finish(nil)
            }
        )
    }

    private static func check(_ path: String, of files: ContainerFiles, follows: Bool) async throws {
        let status = try await files.status(path, follows: follows)
        guard status.kind != .other else {
            throw CopyError.refused(
                "'\(path)' is no file, folder or link: devices and sockets are not copied"
            )
        }
    }

    @concurrent private static func send(
        _ files: ContainerFiles,
        _ path: String,
        name: String,
        follows: Bool,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let archive = try files.archive(path, name: name, follows: follows)
        while let piece = try await archive.next() { try await writer.write(piece) }
    }

    /// The body is a tar; what it has at `from`, or all of it, is written to `path`.
    @Sendable private func write(_ request: Request, _ context: OwnContext) async throws -> Response {
        let path = try Self.path(context)
        let from = context.query("from") ?? ""
        guard from != "..", from != ".", !from.contains("/") else {
            throw Problem(400, .invalid, "'from' has to be a name without '/'")
        }
        let directory = uploads.folder + "/context-" + String(UInt64.random(in: .min ... .max), radix: 16)
        let unpacked = try await uploads.withFile(of: request) { archive in
            try await UploadedContext(archive: archive, into: directory)
        }
        do {
            try await withFiles(context) {
                try await $0.write(from.isEmpty ? directory : directory + "/" + from, to: path)
            }
        } catch {
            try await unpacked.remove()
            throw error
        }
        try await unpacked.remove()
        return Response(status: .noContent)
    }
}
