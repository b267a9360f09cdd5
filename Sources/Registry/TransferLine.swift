// SPDX-License-Identifier: Apache-2.0
// A transfer's event as one line of JSON. The HTTP edge writes them, the command line reads them.

import OCI

/// One step of a pull or push, flat.
package struct TransferLine: Hashable, Sendable, Codable {
    /// What happened; later versions may tell more kinds.
    package enum Kind: String, Hashable, Sendable, Codable {
        case resolved, started, present, progressed, resumed, restarted, retrying, mounted, finished
    }

    package var event: Kind
    /// A blob's digest; what is retried; the image's name once it is resolved.
    package var subject: String
    /// The digest that a name stands for, the reason of a retry, the repository that a blob came from.
    package var detail: String?
    package var doneBytes: Int?
    package var sizeBytes: Int?

    private enum CodingKeys: String, CodingKey {
        case event, subject, detail
        case doneBytes = "done_bytes"
        case sizeBytes = "size_bytes"
    }

    package init(_ event: TransferEvent) {
        switch event {
        case .resolved(let reference, let digest):
            self.init(.resolved, reference, detail: digest.description)
        case .started(let digest, let size): self.init(.started, digest, size: size)
        case .present(let digest, let size): self.init(.present, digest, size: size)
        case .progressed(let digest, let done, let size):
            self.init(.progressed, digest, size: size)
            doneBytes = done
        case .resumed(let digest, let first):
            self.init(.resumed, digest)
            doneBytes = first
        case .restarted(let digest): self.init(.restarted, digest)
        case .retrying(let what, let reason, _): self.init(.retrying, what, detail: reason)
        case .mounted(let digest, let source): self.init(.mounted, "\(digest)", detail: source)
        case .finished(let digest, let size): self.init(.finished, digest, size: size)
        }
    }

    private init(_ event: Kind, _ subject: String, detail: String?) {
        self.event = event
        self.subject = subject
        self.detail = detail
    }

    private init(_ event: Kind, _ digest: Digest, size: Int? = nil) {
        self.init(event, digest.description, detail: nil)
        sizeBytes = size
    }
}
