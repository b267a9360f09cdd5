// SPDX-License-Identifier: Apache-2.0
// What a container changed of its image, and an image made of it. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageBuilder
import Scheduler

/// GET /v1/containers/ID/changes and POST /v1/containers/ID/commit.
struct LayersAPI: Sendable {
    let containers: Containers
    let keeper: ImageKeeper

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.containerChanges.pattern, [.get: changes])
        router.resource(APIPattern.containerCommit.pattern, [.post: commit])
    }

    private func container(_ context: OwnContext) throws -> Container {
        try containers.find(context.parameters.get("id") ?? "")
    }

    @Sendable private func changes(_ request: Request, _ context: OwnContext) async throws -> Response {
        let differences = try await container(context).differences()
        return try WireJSON.response(
            differences.map { difference in
                let kind: LayerChangeBody.Kind =
                    switch difference.kind {
                    case .added: .added
                    case .changed: .changed
                    case .removed: .removed
                    }
                return LayerChangeBody(kind: kind, path: difference.path)
            }
        )
    }

    /// `reference`, `message`, `author`; `change` any number of times; `pause=false` lets it run on meanwhile.
    @Sendable private func commit(_ request: Request, _ context: OwnContext) async throws -> Response {
        var wanted = CommitRequest()
        wanted.reference = context.query("reference")
        wanted.message = context.query("message")
        wanted.author = context.query("author")
        wanted.changes = context.queryAll("change")
        wanted.pauses = context.query("pause") == nil || context.flag("pause")
        defer { keeper.grown() }
        let image = try await container(context).commit(wanted)
        let answer = CommitBody(id: image.id, digest: image.digest, reference: image.reference)
        return try WireJSON.response(answer, status: .created)
    }
}
