// SPDX-License-Identifier: Apache-2.0
// Loads OCI layout folders as `faasctl` and the gateway do: packed as a tar.

import Foundation

@testable import ImageStore

extension ImageStore {
    /// Loads every image of an OCI layout folder.
    func loadLayout(directory: String) async throws -> [LoadedImage] {
        let archive = directory + "-\(UUID().uuidString).tar"
        var bytes: [UInt8] = []
        try ContextArchive.pack(directory: directory, compression: .none) { bytes += $0 }
        defer { try? FileManager.default.removeItem(atPath: archive) }
        try Data(bytes).write(to: URL(fileURLWithPath: archive))
        return try await load(archive: archive)
    }
}
