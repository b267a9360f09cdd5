// SPDX-License-Identifier: Apache-2.0
// Imports a root file system from a tar. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageBuilder
import ImageStore
import OCI
import Scheduler

/// POST /v1/image-imports.
struct ImageImportAPI: Sendable {
    let images: ImageStore
    let uploads: Uploads
    let keeper: ImageKeeper
    let work: StoppableWork

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.imageImports, [.post: add])
    }

    /// The body is the tar, compressed or not; `reference`, `message`, and `change` any number of times.
    @Sendable private func add(_ request: Request, _ context: OwnContext) async throws -> Response {
        guard let reference = context.query("reference"), !reference.isEmpty else {
            throw Problem(400, .invalid, "'reference' is missing, expected the new image's name")
        }
        // Before the upload: a mistake in the query is reported without waiting for a gigabyte.
        _ = try ImageReference(reference)
        var wanted = ImportRequest(reference: reference)
        wanted.message = context.query("message")
        wanted.execution = try ImportChanges.execution(context.queryAll("change"))
        let settings = wanted
        defer { keeper.grown() }
        let imported = try await work.run("the import of '\(reference)'") {
            try await uploads.withFile(of: request) { path in
                try await images.importRoot(archive: path, called: "the archive", settings)
            }
        }
        let answer = ImageBody.Imported(
            reference: imported.reference,
            digest: imported.digest,
            skippedEntries: imported.skippedEntries
        )
        return try WireJSON.response(answer, status: .created)
    }
}
