// SPDX-License-Identifier: Apache-2.0
// What is at a path of a container. Gateway writes it, faasctl reads it.

/// The answer about one path.
package struct PathBody: Hashable, Sendable, Codable {
    /// `file`, `folder`, `link`, or `other`, which is not copied.
    package var kind: String
    package var sizeBytes: Int
    package var mode: UInt32
    /// Of a link.
    package var target: String?

    package enum CodingKeys: String, CodingKey {
        case kind
        case sizeBytes = "size_bytes"
        case mode, target
    }

    package init(kind: String, sizeBytes: Int, mode: UInt32, target: String?) {
        self.kind = kind
        self.sizeBytes = sizeBytes
        self.mode = mode
        self.target = target
    }
}
