// SPDX-License-Identifier: Apache-2.0
// Images in the store: taking archives in, listing, naming and removing. OwnPaths adds it.

import FunctionModel
import HTTPTypes
import Hummingbird
import Images

/// /v1/images and /v1/images/REFERENCE.
struct ImagesAPI: Sendable {
    let images: ImageStore
    let uploads: Uploads
    let catalog: any FunctionCatalog

    private static let prefix = "/v1/images/"

    func add(to router: RouterGroup<OwnContext>) {
        router.resource("/v1/images", [.get: list, .post: load])
        // References hold slashes, so they are the whole rest of the path, encoded or not.
        router.resource("/v1/images/**", [.get: inspect, .put: tag, .delete: remove])
    }

    private func reference(_ context: OwnContext) throws -> String {
        let rest = context.call.target.path.dropFirst(Self.prefix.count)
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
        return try WireJSON.response(ImageBody.Inspected(try await images.inspect(name), name: name))
    }

    /// The body is the archive itself, compressed or not.
    @Sendable private func load(_ request: Request, _ context: OwnContext) async throws -> Response {
        let loaded = try await uploads.withFile(of: request) { path in
            try await images.load(archive: path)
        }
        return try WireJSON.response(loaded.map(ImageBody.Loaded.init))
    }

    /// `source`: the image that gets the path's name.
    @Sendable private func tag(_ request: Request, _ context: OwnContext) async throws -> Response {
        guard let source = context.query("source"), !source.isEmpty else {
            throw Problem(400, .invalid, "'source' is missing: which image gets this name?")
        }
        try await images.tag(source, as: reference(context))
        return Response(status: .created)
    }

    /// Content goes with the next pruning; an image in use stays.
    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        var users: [Digest: [String]] = [:]
        for revision in catalog.revisions() {
            users[try Digest(revision.imageDigest), default: []].append(revision.function.text)
        }
        try await images.remove(reference(context), users: users)
        return Response(status: .ok)
    }
}
