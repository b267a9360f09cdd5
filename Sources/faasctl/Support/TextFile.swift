// SPDX-License-Identifier: Apache-2.0
// Small text files: manifests and configurations.

import Foundation
import ManifestReader

/// Reads text files up to a bound.
enum TextFile {
    /// Reads a file as UTF-8.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - what: begins the message when it cannot be read.
    /// - Returns: the text.
    /// - Throws: ``CommandFailure`` when it is missing, too large or not UTF-8.
    static func read(_ path: String, for what: String) throws(CommandFailure) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(what, why: systemMessage(errno))
        }
        do {
            let bytes = try file.read(upToCount: ManifestSource.bytesMax + 1) ?? Data()
            guard bytes.count <= ManifestSource.bytesMax else {
                throw CommandFailure(what, why: "it is larger than \(ManifestSource.bytesMax >> 10) KiB")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandFailure(what, why: "it is not UTF-8 text")
            }
            return text
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(what, why: error.localizedDescription)
        }
    }
}
