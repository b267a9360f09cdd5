// SPDX-License-Identifier: Apache-2.0
// Images in the store: taking archives in, listing, naming and removing. OwnPaths adds it.

import Contracts
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageStore
import OCI
import Scheduler

/// /v1/images and /v1/images/REFERENCE.
struct ImagesAPI: Sendable {
    let images: ImageStore
    let uploads: Uploads
    let keeper: ImageKeeper
    let work: StoppableWork

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.images, [.get: list, .post: load])
        // References hold slashes, so they are the whole rest of the path, encoded or not.
        router.resource(APIPattern.image.pattern, [.get: inspect, .put: tag, .delete: remove])
    }

    private func reference(_ context: OwnContext) throws -> String {
        let rest = context.call.target.path.dropFirst(APIPattern.image.prefix.count)
        guard let name = PercentDecoding.decode(rest), !name.isEmpty else {
            throw Problem.malformed("the image's name is malformed")
        }
        return name
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response(await images.list().map(ImageBody.Listed.init))
    }

    @Sendable private func inspect(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try reference(context)
        let image = try await images.inspect(name)
        let body = ImageBody.Inspected(
            image,
            name: name,
            names: try await images.names(of: image.digest),
            sizes: try await images.sizes(of: image.digest),
            usedBy: try await keeper.users()[image.digest] ?? []
        )
        return try WireJSON.response(body)
    }

    /// The body is the archive itself, compressed or not; `repository` completes tags without a repository.
    @Sendable private func load(_ request: Request, _ context: OwnContext) async throws -> Response {
        let repository = context.query("repository")
        defer { keeper.grown() }
        let loaded = try await work.run("the load") {
            try await uploads.withFile(of: request) { path in
                // Names the archive in the client's terms, not by the file's internal name.
                try await images.load(archive: path, called: "the archive", repository: repository)
            }
        }
        return try WireJSON.response(loaded.map(ImageBody.Loaded.init))
    }

    /// `source`: the image that gets the path's name.
    @Sendable private func tag(_ request: Request, _ context: OwnContext) async throws -> Response {
        guard let source = context.query("source"), !source.isEmpty else {
            throw Problem(400, .invalid, "'source' is missing, expected the image that gets this name")
        }
        try await images.tag(source, as: reference(context))
        return Response(status: .created)
    }

    /// An image that a kept revision needs stays: a rollback must find it.
    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        try await images.remove(reference(context), users: keeper.users())
        try await keeper.sweep()
        return Response(status: .ok)
    }
}
