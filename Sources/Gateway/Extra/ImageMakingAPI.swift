// SPDX-License-Identifier: Apache-2.0
// The history of images, and archives and indexes made from images. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageBuilder
import ImageStore
import OCI
import Scheduler

/// GET /v1/image-history, GET /v1/image-archives and POST /v1/image-indexes.
struct ImageMakingAPI: Sendable {
    let images: ImageStore
    let work: StoppableWork

    /// Images of one archive or index; a distribution for every architecture has a dozen.
    private static let countMax = 256

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.imageHistory, [.get: history])
        router.resource(APIPath.imageArchives, [.get: archive])
        router.resource(APIPath.imageIndexes, [.post: index])
    }

    /// `reference`; the steps, oldest first.
    @Sendable private func history(_ request: Request, _ context: OwnContext) async throws -> Response {
        let reference = try Self.references(context, "reference")[0]
        return try WireJSON.response(await images.history(reference).map(ImageBody.Step.init))
    }

    /// `reference`, several times: one tar that is a `docker save` archive and an OCI archive.
    @Sendable private func archive(_ request: Request, _ context: OwnContext) async throws -> Response {
        let archive = try await images.archive(of: Self.references(context, "reference"))
        let connection = context.call.connection
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.tar],
            body: ResponseBody { [work] in
                // Its client may read slowly, or not at all, for as long as the drain lasts.
                let id = work.begin { connection.lose() }
                defer { work.end(id) }
                try await ArchiveStream.send(archive, to: &$0)
            }
        )
    }

    /// `reference` for the name, `image` for each image.
    @Sendable private func index(_ request: Request, _ context: OwnContext) async throws -> Response {
        let reference = try Self.references(context, "reference")[0]
        let digest = try await images.createIndex(reference, of: Self.references(context, "image"))
        return try WireJSON.response(
            ImageBody.Named(reference: reference, digest: digest),
            status: .created
        )
    }

    private static func references(_ context: OwnContext, _ name: String) throws -> [String] {
        let found = context.queryAll(name).filter { !$0.isEmpty }
        guard !found.isEmpty else {
            throw Problem(400, .invalid, "'\(name)' is missing, expected an image reference")
        }
        guard found.count <= countMax else {
            throw Problem(400, .invalid, "at most \(countMax) images at once")
        }
        return found
    }
}
