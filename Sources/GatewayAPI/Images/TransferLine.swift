// SPDX-License-Identifier: Apache-2.0
// A transfer's event as one line of JSON. Gateway writes the lines, and faasctl draws progress from them.

/// One step of a pull or push, flat.
package struct TransferLine: Hashable, Sendable, Codable {
    /// What happened; later versions may have more kinds.
    package enum Kind: String, Hashable, Sendable, Codable {
        case resolved, started, present, progressed, resumed, restarted, retrying, mounted, finished
    }

    package var event: Kind
    /// A blob's digest; what is retried; the image's name once it is resolved.
    package var subject: String
    /// The digest that a name refers to, the reason of a retry, the repository that a blob came from.
    package var detail: String?
    package var doneBytes: Int?
    package var sizeBytes: Int?

    package enum CodingKeys: String, CodingKey {
        case event, subject, detail
        case doneBytes = "done_bytes"
        case sizeBytes = "size_bytes"
    }

    package init(
        _ event: Kind,
        _ subject: String,
        detail: String? = nil,
        doneBytes: Int? = nil,
        sizeBytes: Int? = nil
    ) {
        self.event = event
        self.subject = subject
        self.detail = detail
        self.doneBytes = doneBytes
        self.sizeBytes = sizeBytes
    }
}
