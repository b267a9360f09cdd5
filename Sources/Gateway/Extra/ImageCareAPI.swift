// SPDX-License-Identifier: Apache-2.0
// Care for the image store as a whole: pruning and verifying. OwnPaths adds it.

import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageStore
import Scheduler

/// POST /v1/image-store/prune and POST /v1/image-store/verify.
struct ImageCareAPI: Sendable {
    let images: ImageStore
    let keeper: ImageKeeper
    let work: StoppableWork

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.imagePrune, [.post: prune])
        router.resource(APIPath.imageVerify, [.post: verify])
    }

    /// `all` takes images that no revision needs, `cache` what earlier builds have made.
    ///
    /// Keeps what any kept revision needs, not only the current ones: a rollback must find its image.
    @Sendable private func prune(_ request: Request, _ context: OwnContext) async throws -> Response {
        let report = try await keeper.prune(
            takesUnused: context.flag("all"),
            takesCache: context.flag("cache")
        )
        return try WireJSON.response(ImageBody.Pruned(report))
    }

    /// The findings; an empty array when all is well.
    @Sendable private func verify(_ request: Request, _ context: OwnContext) async throws -> Response {
        let inUse = try await keeper.digestsInUse()
        let findings = try await work.run("the verification") { try await images.verify(inUse: inUse) }
        return try WireJSON.response(findings.map(ImageBody.Finding.init))
    }
}
