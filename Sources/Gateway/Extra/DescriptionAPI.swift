// SPDX-License-Identifier: Apache-2.0
// The description of /v1 for programs. OwnPaths adds it.

import GatewayAPI
import HTTPTypes
import Hummingbird

/// GET /v1/openapi.json.
struct DescriptionAPI: Sendable {
    /// Made once: it does not change while the gateway runs.
    private let text: String

    init(version: String) { text = OpenAPIDocument.text(version: version) }

    func add(to router: RouterGroup<OwnContext>) {
        let text = text
        router.resource(
            APIPath.description,
            [
                .get: { _, _ in
                    Response(
                        status: .ok,
                        headers: [.contentType: MediaName.json],
                        body: ResponseBody(byteBuffer: ByteBuffer(string: text))
                    )
                }
            ]
        )
    }
}
