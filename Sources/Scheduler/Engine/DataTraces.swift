// SPDX-License-Identifier: Apache-2.0
// What in a data folder says that there was a database once. Engine asks before it opens one.

import FoundationEssentials

/// Images, secrets, containers and volumes of an earlier gateway.
enum DataTraces {
    /// Characters of a SHA-256 digest, which a blob is called by.
    private static let digestLength = 64

    /// - Parameter data: DATA.
    /// - Returns: what is there, in words for the operator; empty for a folder that is new.
    static func find(in data: String) -> [String] {
        let images = names(data + "/blobs/sha256").filter(isDigest).count
        let secrets = names(data + "/secrets/functions").filter { !$0.hasPrefix(".") }.count
        let layers = names(ContainerFolders.layers(in: data)).filter { !$0.hasPrefix(".") }.count
        let volumes = names(ContainerFolders.volumes(in: data)).filter { !$0.hasPrefix(".") }.count
        return [
            count(images, "image file"), count(secrets, "secret"), count(layers, "container"),
            count(volumes, "volume"),
        ].compactMap { $0 }
    }

    /// A folder that is absent holds nothing.
    private static func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    private static func isDigest(_ name: String) -> Bool {
        name.count == digestLength && name.allSatisfy { $0.isHexDigit }
    }

    private static func count(_ number: Int, _ what: String) -> String? {
        number == 0 ? nil : "\(number) \(what)\(number == 1 ? "" : "s")"
    }
}
