// SPDX-License-Identifier: Apache-2.0
// Care for the image store as a whole: pruning and verifying. OwnPaths adds it.

import FunctionStore
import HTTPTypes
import Hummingbird
import Images

/// POST /v1/image-store/prune and POST /v1/image-store/verify.
struct ImageCareAPI: Sendable {
    let images: ImageStore
    let store: FunctionStore

    func add(to router: RouterGroup<OwnContext>) {
        router.resource("/v1/image-store/prune", [.post: prune])
        router.resource("/v1/image-store/verify", [.post: verify])
    }

    /// Keeps what any kept revision needs, not only the current ones: a rollback must find its image.
    @Sendable private func prune(_ request: Request, _ context: OwnContext) async throws -> Response {
        var inUse: Set<Digest> = []
        for text in try await store.digestsInUse() { inUse.insert(try Digest(text)) }
        return try WireJSON.response(ImageBody.Pruned(await images.prune(inUse: inUse)))
    }

    /// The findings; an empty array when all is well.
    @Sendable private func verify(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response(await images.verify().map(ImageBody.Finding.init))
    }
}
