// SPDX-License-Identifier: Apache-2.0
// Trees that were made for another file system, whose owners on the disk have another offset.

import CSandbox
import FunctionModel
import OCI
import Glibc
import Sandbox

extension TreeAccess {
    /// Removes unpacked trees with wrong owners, so that they are unpacked again.
    ///
    /// For root only, before the folder is in use. Blocks.
    ///
    /// - Parameters:
    ///   - shift: the shift that this host needs, from ``OwnerTranslation/shift(for:)``.
    ///   - dataDirectory: DATA.
    /// - Returns: the first failure; nil without one.
    package static func removeTrees(notShiftedBy shift: UInt32?, in dataDirectory: String) -> String? {
        let directory = dataDirectory + "/rootfs"
        do throws(ImageError) {
            for name in try Directories.names(in: directory) where Digest(hex: name) != nil {
                let path = directory + "/" + name
                var status = stat()
                try SystemCall.check("stat", path) { lstat(path, &status) }
                guard OwnerTranslation.isShifted(owner: status.st_uid) != (shift != nil) else { continue }
                try Directories.removeTree(path: path)
            }
            return nil
        } catch {
            return error.description
        }
    }
}
