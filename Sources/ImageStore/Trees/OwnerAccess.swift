// SPDX-License-Identifier: Apache-2.0
// Access to files and folders whose mode denies it to their owner, this process's user. FolderReader uses it after
// EACCES.

import CSandbox
import Glibc
import Synchronization

/// Changes modes such as 0000 for the time of one call.
///
/// Root may read such files, and build contexts, layers and images contain them. A gateway that is not root owns the
/// files that it unpacked, so it may change the mode, and must restore it: the mode is part of a layer.
enum OwnerAccess {
    /// Locked while modes are changed and while a mode is read, so that no layer contains a changed one.
    private static let modes = Mutex(())

    /// Makes a call that reads or needs modes.
    static func unchanged<Value: Sendable>(_ call: () -> Value) -> Value { modes.withLock { _ in call() } }

    /// Makes a call while the owner has access to a path and to every folder above it.
    ///
    /// Blocks on the disk. Files of other users are not changed.
    ///
    /// - Parameters:
    ///   - path: below `root`, free of links; empty for `root` itself.
    ///   - root: an open folder.
    ///   - call: the call that needs access.
    /// - Returns: the result of the call.
    static func opened<Value: Sendable>(_ path: String, below root: Int32, _ call: () -> Value) -> Value {
        modes.withLock { _ in
            var changes: [Change] = []
            defer { for change in changes.reversed() { change.undo() } }
            for part in TreePath.ancestors(path) + (path.isEmpty ? [] : [path]) {
                let descriptor = csandbox_open_beneath(root, part, CSANDBOX_OPEN_PATH | O_NOFOLLOW, 0)
                guard descriptor >= 0 else { break }
                guard let change = Change(opening: descriptor) else {
                    close(descriptor)
                    continue
                }
                changes.append(change)
            }
            return call()
        }
    }

    /// One changed mode.
    private struct Change {
        let descriptor: Int32
        let mode: mode_t

        /// An O_PATH descriptor is no open file: its mode is changed through /proc/self/fd.
        private var name: String { "/proc/self/fd/\(descriptor)" }

        /// Changes the mode where the owner lacks access; nil when it has access, or the change is not permitted.
        init?(opening descriptor: Int32) {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_uid == geteuid() else {
                return nil
            }
            let needed: mode_t
            switch status.st_mode & S_IFMT {
            case S_IFDIR: needed = 0o500
            case S_IFREG: needed = 0o400
            default: return nil
            }
            mode = status.st_mode & 0o7777
            self.descriptor = descriptor
            guard mode & needed != needed, chmod(name, mode | needed) == 0 else { return nil }
        }

        func undo() {
            chmod(name, mode)
            close(descriptor)
        }
    }
}
