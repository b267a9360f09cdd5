// SPDX-License-Identifier: Apache-2.0
// Keeps the image store's names in the store of functions. Engine hands it to Images.

import FunctionStore
import ImageStore

/// The table of image names in the function store.
struct StoredReferences: ReferenceStore {
    let store: any ImageReferenceRepository

    func set(_ record: ReferenceRecord) async throws(ImageError) {
        try await stored { () async throws(StoreError) in
            try await store.setReference(
                record.reference,
                digest: record.digest,
                sizeBytes: record.sizeBytes,
                createdAt: record.createdAt
            )
        }
    }

    func get(_ reference: String) async throws(ImageError) -> ReferenceRecord? {
        let row = try await stored { () async throws(StoreError) in try await store.reference(reference) }
        guard let row else { return nil }
        return Self.record(row)
    }

    func remove(_ reference: String) async throws(ImageError) -> Bool {
        try await stored { () async throws(StoreError) in try await store.removeReference(reference) }
    }

    func all() async throws(ImageError) -> [ReferenceRecord] {
        let rows = try await stored { () async throws(StoreError) in try await store.references() }
        return rows.map(Self.record)
    }

    private static func record(_ row: StoredReference) -> ReferenceRecord {
        ReferenceRecord(
            reference: row.reference,
            digest: row.digest,
            sizeBytes: row.sizeBytes,
            createdAt: row.createdAt
        )
    }

    private func stored<Value>(_ body: () async throws(StoreError) -> Value) async throws(ImageError) -> Value
    {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw .references(error.description)
        }
    }
}
