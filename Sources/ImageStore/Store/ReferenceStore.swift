// SPDX-License-Identifier: Apache-2.0
// The table of image names. The product stores it in SQLite, tests in memory.

import OCI
package import FoundationEssentials
package import FunctionModel
import Synchronization

/// One name of an image.
package struct ReferenceRecord: Hashable, Sendable {
    /// Normalised, for example `docker.io/library/hello:latest`.
    package var reference: String
    /// The manifest's, or index's.
    package var digest: Digest
    /// Configuration and compressed layers together.
    package var sizeBytes: Int
    package var createdAt: Date

    package init(reference: String, digest: Digest, sizeBytes: Int, createdAt: Date) {
        self.reference = reference
        self.digest = digest
        self.sizeBytes = sizeBytes
        self.createdAt = createdAt
    }
}

/// The table of names.
///
/// Each call is atomic and durable when it returns.
package protocol ReferenceStore: Sendable {
    /// Makes the name refer to the record's digest; replaces an earlier one.
    func set(_ record: ReferenceRecord) async throws(ImageError)
    /// The record of a normalised name, nil when there is none.
    func get(_ reference: String) async throws(ImageError) -> ReferenceRecord?
    /// Removes a name; false when there is none.
    func remove(_ reference: String) async throws(ImageError) -> Bool
    /// Every record, sorted by name.
    func all() async throws(ImageError) -> [ReferenceRecord]
}

/// Names in memory, for tests.
package final class MemoryReferenceStore: ReferenceStore {
    private let records = Mutex<[String: ReferenceRecord]>([:])

    package init() {}

    /// See ``ReferenceStore``.
    package func set(_ record: ReferenceRecord) async throws(ImageError) {
        records.withLock { $0[record.reference] = record }
    }

    /// See ``ReferenceStore``.
    package func get(_ reference: String) async throws(ImageError) -> ReferenceRecord? {
        records.withLock { $0[reference] }
    }

    /// See ``ReferenceStore``.
    package func remove(_ reference: String) async throws(ImageError) -> Bool {
        records.withLock { $0.removeValue(forKey: reference) != nil }
    }

    /// See ``ReferenceStore``.
    package func all() async throws(ImageError) -> [ReferenceRecord] {
        records.withLock { $0.values.sorted { $0.reference < $1.reference } }
    }
}
