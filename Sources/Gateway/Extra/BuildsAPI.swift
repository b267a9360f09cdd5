// SPDX-License-Identifier: Apache-2.0
// Builds on the gateway's side: receives a context, sends progress line by line. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageBuilder
import ImageStore
import OCI
import Registry
import Scheduler

/// POST /v1/builds.
struct BuildsAPI: Sendable {
    let builder: ImageBuilder
    let uploads: Uploads
    /// Nil does not pull missing base images.
    let registries: RegistryAccess?
    let keeper: ImageKeeper
    let secrets: any SecretRepository
    let work: StoppableWork
    let turns: BuildTurns

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.builds, [.post: build])
    }

    /// The body is the context as a tar archive, compressed or not.
    ///
    /// A mistake in the request is a problem body; once the build runs, its last line reports the end.
    @Sendable private func build(_ request: Request, _ context: OwnContext) async throws -> Response {
        let registry = try registries?.client(for: request)
        guard let turn = turns.take() else { throw Self.tooMany }
        let directory = uploads.folder + "/context-" + String(UInt64.random(in: .min ... .max), radix: 16)
        // Before the upload: a mistake in the query leaves no folder behind.
        var wanted = try Self.settings(context, directory: directory)
        for name in context.queryAll("secret") {
            wanted.secrets[name] = try await secrets.file(of: name)
        }
        let settings = wanted
        let unpacked = try await uploads.withFile(of: request) { path in
            try await UploadedContext(archive: path, into: directory)
        }
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.lines],
            body: ResponseBody { writer in
                // Releases the turn at the end of the body, in every case.
                defer {
                    turn.giveBack()
                    keeper.grown()
                }
                let result = await run(settings, registry, to: &writer)
                try await unpacked.remove()
                try result.get()
                try await writer.finish(nil)
            }
        )
    }

    private static let tooMany: Problem = {
        var problem = Problem(503, .unavailable, "\(BuildTurns.countMax) builds are running already")
        problem.retryAfterSeconds = 5
        return problem
    }()

    /// Runs the build and sends its events as they come.
    @concurrent private func run(
        _ settings: BuildRequest,
        _ registry: RegistryClient?,
        to writer: inout any ResponseBodyWriter
    ) async -> Result<Void, any Error> {
        let (events, source) = AsyncStream<BuildEvent>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.eventsMax)
        )
        let building = Task { () -> Result<Digest, BuildError> in
            defer { source.finish() }
            do throws(BuildError) {
                return .success(
                    try await builder.build(settings, bases: registry.map { RegistryBaseImages($0) }) {
                        source.yield($0)
                    }
                )
            } catch {
                return .failure(error)
            }
        }
        let id = work.begin { building.cancel() }
        defer { work.end(id) }
        return await withTaskCancellationHandler {
            do {
                for await event in events {
                    if case .built = event { continue }
                    try await writer.write(Self.line(event))
                }
                try await writer.write(lastLine(await building.value))
                return .success(())
            } catch {
                building.cancel()
                _ = await building.value
                return .failure(error)
            }
        } onCancel: {
            building.cancel()
        }
    }

    /// Events kept for a slow client; a RUN step can write faster than a network transfers.
    private static let eventsMax = 4096

    private static func settings(_ context: OwnContext, directory: String) throws -> BuildRequest {
        var request = BuildRequest(contextDirectory: directory)
        request.tag = context.query("tag")
        if let tag = request.tag {
            do throws(OCIError) { _ = try ImageReference(tag) } catch {
                throw ModelError(field: "tag", value: tag, expected: "an image reference: \(error)")
            }
        }
        request.dockerfilePath = context.query("dockerfile")
        if let path = request.dockerfilePath, path.hasPrefix("/") {
            throw ModelError(field: "dockerfile", value: path, expected: "a path relative to the context")
        }
        request.target = context.query("target")
        request.platform = context.query("platform")
        request.noCache = context.flag("no-cache") || context.flag("nocache")
        if let network = context.query("network") {
            guard let mode = networks[network] else {
                throw ModelError(field: "network", value: network, expected: "default, egress or none")
            }
            request.networkMode = mode
        }
        for argument in context.queryAll("build-arg") + context.queryAll("buildarg") {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = parts.first, !name.isEmpty else {
                throw ModelError(field: "build-arg", value: argument, expected: "NAME=VALUE")
            }
            request.buildArguments[String(name)] = String(parts[1])
        }
        return request
    }

    /// As `--network` of build says; `default` is Docker's word.
    private static let networks: [String: NetworkMode] = [
        "default": .egress, "egress": .egress, "none": .none,
    ]

    private static func line(_ event: BuildEvent) throws -> ByteBuffer {
        var buffer = ByteBuffer(bytes: try APIJSON.encode(BuildLine(event)))
        buffer.writeString("\n")
        return buffer
    }

    /// The result: the final event with the digest, or the error.
    private func lastLine(_ result: Result<Digest, BuildError>) throws -> ByteBuffer {
        let end: BuildEnd
        switch result {
        case .success(let digest): end = BuildEnd(digest: digest)
        case .failure(let error):
            // Independent of what failed first, the helper or a step: the stop is the cause.
            end = BuildEnd(
                error: work.isStopping ? StoppedWork("the build").description : error.description
            )
        }
        var buffer = ByteBuffer(bytes: try APIJSON.encode(end))
        buffer.writeString("\n")
        return buffer
    }
}
