// SPDX-License-Identifier: Apache-2.0
// Whether image files can be shown with a slot's own ids, or must have matching ids on the disk. HostEnvironment
// and the stores of images ask it.

import CSandbox
import Glibc

/// The owners of image files on the disk.
package enum OwnerTranslation {
    /// Whether owners on the disk must be others than the image's.
    ///
    /// Not nil for root only, where DATA's file system has no idmapped mounts: all slots share one range of ids then.
    /// Blocks for a millisecond.
    ///
    /// - Parameter dataDirectory: DATA.
    /// - Returns: what must be added to the image's owners; nil where the kernel translates them at the mount.
    package static func shift(for dataDirectory: String) -> UInt32? {
        guard HostPrivileges.areFull else { return nil }
        var answer = csandbox_supports_idmap(dataDirectory + "/rootfs")
        if answer == -ENOENT { answer = csandbox_supports_idmap(dataDirectory) }
        // What cannot be found out shows when the first slot is made, with step and errno.
        return answer == 0 ? sharedFirstID : nil
    }

    /// Of a tree's root folder: whether its owners were shifted when it was made.
    package static func isShifted(owner: UInt32) -> Bool {
        owner >= sharedFirstID && owner - sharedFirstID < CSANDBOX_IDS_PER_SLOT
    }

    /// Slot 1's root.
    private static let sharedFirstID = SpawnerConfiguration.firstUserID + CSANDBOX_IDS_PER_SLOT
}
