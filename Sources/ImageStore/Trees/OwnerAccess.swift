// SPDX-License-Identifier: Apache-2.0
// Files and folders that this process's own user has closed to itself. FolderReader asks after an EACCES.

import CSandbox
import Glibc
import Synchronization

/// Opens what has mode 0000 and the like to its owner, for the time of one call.
///
/// Root may read such files, and build contexts, layers and images hold them. A gateway that is not root owns what it
/// unpacked, so it may change the mode, and must put it back: the mode is part of a layer.
enum OwnerAccess {
    /// Held while modes are changed and while one is read, so that a changed one reaches no layer.
    private static let modes = Mutex(())

    /// Makes a call that reads or needs modes.
    static func unchanged<Value: Sendable>(_ call: () -> Value) -> Value { modes.withLock { _ in call() } }

    /// Makes a call with a path and every folder above it opened to their owner.
    ///
    /// Blocks on the disk. What belongs to others stays as it is.
    ///
    /// - Parameters:
    ///   - path: below `root`, free of links; empty for `root` itself, which is open already.
    ///   - root: an open folder.
    ///   - call: what needs the access.
    /// - Returns: what the call returns.
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

        /// A descriptor of a path is no open file: its mode is changed by the name that /proc gives it.
        private var name: String { "/proc/self/fd/\(descriptor)" }

        /// Changes the mode where the owner lacks access; nil when it does not, or may not.
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
