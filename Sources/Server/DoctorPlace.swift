// SPDX-License-Identifier: Apache-2.0
// The folder in which `doctor` probes the data folder's file system, as a gateway would, without disturbing one.

import Foundation

enum DoctorPlace {
    /// The nearest existing folder above DATA on its file system.
    ///
    /// - Parameter given: DATA as the operator calls it; it may be absent.
    /// - Returns: a real path.
    static func parent(of given: String) -> String {
        var url = URL(fileURLWithPath: given).resolvingSymlinksInPath().standardizedFileURL
        guard let device = device(of: url.path) else {
            while device(of: url.path) == nil, url.path != "/" { url.deleteLastPathComponent() }
            return url.path
        }
        let above = url.deletingLastPathComponent()
        return self.device(of: above.path) == device ? above.path : url.path
    }

    /// Nil when there is no folder.
    private static func device(of path: String) -> Int? {
        guard let found = try? FileManager.default.attributesOfItem(atPath: path),
            found[.type] as? FileAttributeType == .typeDirectory
        else { return nil }
        return (found[.systemNumber] as? NSNumber)?.intValue
    }
}
