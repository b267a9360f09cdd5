// SPDX-License-Identifier: Apache-2.0
// Images in the store: listing them and taking archives in. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import HTTPTypes
import Hummingbird
import Images

/// /v1/images.
struct ImagesAPI: Sendable {
    let images: ImageStore
    let uploads: Uploads

    /// One image of an archive.
    struct Loaded: Codable, Hashable, Sendable {
        var reference: String?
        var digest: String
    }

    /// One line of the list.
    struct Listed: Codable, Hashable, Sendable {
        var reference: String
        var name: String
        var digest: String
        var id: String
        var platform: String
        var sizeBytes: Int
        var sharedBytes: Int
        var ownBytes: Int
        var createdAt: Date

        enum CodingKeys: String, CodingKey {
            case reference, name, digest, id, platform
            case sizeBytes = "size_bytes"
            case sharedBytes = "shared_bytes"
            case ownBytes = "own_bytes"
            case createdAt = "created_at"
        }
    }

    func add(to router: RouterGroup<OwnContext>) {
        router.resource("/v1/images", [.get: list, .post: load])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let listed = try await images.list().map {
            Listed(
                reference: $0.record.reference,
                name: $0.familiarName,
                digest: $0.record.digest.description,
                id: $0.imageID.description,
                platform: "\($0.platform)",
                sizeBytes: $0.record.sizeBytes,
                sharedBytes: $0.sharedBytes,
                ownBytes: $0.ownBytes,
                createdAt: $0.record.createdAt
            )
        }
        return try WireJSON.response(listed)
    }

    /// The body is the archive itself, compressed or not.
    @Sendable private func load(_ request: Request, _ context: OwnContext) async throws -> Response {
        let loaded = try await uploads.withFile(of: request) { path in
            try await images.load(archive: path)
        }
        return try WireJSON.response(
            loaded.map { Loaded(reference: $0.reference, digest: $0.digest.description) }
        )
    }
}
