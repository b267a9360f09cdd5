// SPDX-License-Identifier: Apache-2.0
// The body of an error (RFC 9457), as far as clients read it.

/// An error of the platform.
///
/// Every member is optional: another OpenFaaS gateway may answer without them.
package struct ProblemBody: Hashable, Sendable, Codable {
    package var type: String?
    package var title: String?
    package var status: Int?
    /// Stable; clients compare it.
    package var code: String?
    package var detail: String?
    package var exitCode: Int?
    package var signal: Int?
    package var callID: String?

    package enum CodingKeys: String, CodingKey {
        case type, title, status, code, detail, signal
        case exitCode = "exit_code"
        case callID = "call_id"
    }

    package init(code: String? = nil, detail: String? = nil) {
        self.code = code
        self.detail = detail
    }

    /// The code of a function that does not exist.
    package static let unknownFunction = "unknown_function"
    /// The code of an image that is not in the store.
    package static let unknownImage = "unknown_image"
    /// The code of a container that does not exist.
    package static let unknownContainer = "unknown_container"
    /// The code of a path that the gateway does not serve, or that is not in a container.
    package static let unknownPath = "unknown_path"
    /// The media type of this body.
    package static let mediaType = "application/problem+json"
}
