// SPDX-License-Identifier: Apache-2.0
// Files in a sandbox's root, which the slot's process opens and passes on.

import CSandbox
import Glibc
import Synchronization

extension WarmSandbox {
    /// Makes a regular file in the sandbox's root, or empties one of the image, before the program is executed.
    ///
    /// It and the folders that are missing above it belong to the sandbox's user. Links in the path lead nowhere
    /// outside of the root, and /proc, /dev, /sys and secrets are out of reach.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - mode: its permissions, up to 0777.
    /// - Returns: the file, open for writing; the caller owns it.
    /// - Throws: ``SandboxError``: `file` with ELOOP for a link, EINVAL for what is no regular file; `gone` when the
    ///   sandbox was released or its slot is gone.
    package func createFile(_ path: String, mode: UInt32) async throws(SandboxError) -> OwnedDescriptor {
        try await slot.file(path, CSANDBOX_FILE_CREATE, mode: mode, sandbox: number)
    }

    /// Opens /etc/hosts of a plan that rewrites it, for writing; the program sees what is written.
    ///
    /// - Returns: the file; the caller owns it.
    /// - Throws: ``SandboxError``: `file` with ENOENT where the image's /etc is a link; `gone`.
    package func openHosts() async throws(SandboxError) -> OwnedDescriptor {
        try await slot.file("/", CSANDBOX_FILE_HOSTS, mode: 0, sandbox: number)
    }

    /// Opens the running sandbox's /proc, which lists its processes by their own numbers.
    ///
    /// - Returns: a folder of procfs; the caller owns it.
    /// - Throws: ``SandboxError``: `gone` unless its program was executed.
    package func openProcesses() async throws(SandboxError) -> OwnedDescriptor {
        try await slot.file("/", CSANDBOX_FILE_PROCESSES, mode: 0, sandbox: number)
    }

    /// Keeps the root after the sandbox's end for ``openFile(_:)``; call before the release.
    ///
    /// The root goes when the slot makes its next sandbox or is retired. No effect after the sandbox's end.
    package func holdRoot() {
        guard !state.withLock({ $0.use.isEnded }) else { return }
        slot.send(CSANDBOX_HOLD_ROOT, value: 0, sandbox: number)
    }

    /// Opens a regular file of the held root after the sandbox's end, when no process changes it any more.
    ///
    /// - Parameter path: absolute; as with ``createFile(_:mode:)``.
    /// - Returns: the file, open for reading; the caller owns it.
    /// - Throws: ``SandboxError``: `file` with ENOENT, ELOOP for a link, EINVAL for what is no regular file; `gone` when
    ///   the root is not there any more.
    package func openFile(_ path: String) async throws(SandboxError) -> OwnedDescriptor {
        try await slot.file(path, CSANDBOX_FILE_READ, mode: 0, sandbox: number)
    }
}

/// What is done with a path of a running container.
package enum LiveFileAction: Hashable, Sendable {
    /// A descriptor of whatever is there, for its status and the target of a link only.
    case look(follows: Bool)
    /// A regular file or a folder, for reading.
    case open
    /// A new regular file of root, for writing, in place of what is there unless that is a folder.
    case replace(mode: UInt32)
    /// A folder; made, and of root, unless there is one.
    case folder(mode: UInt32)
    /// A symbolic link in place of what is there unless that is a folder; a descriptor as with `look`.
    case link(target: String)
}

extension WarmSandbox {
    /// Does something with a path of the running container, as root of it.
    ///
    /// Links on the way lead nowhere outside of its root, whatever its program does meanwhile; the last part is
    /// followed by `look` only. Volumes are within reach, /proc is not.
    ///
    /// - Parameters:
    ///   - action: what.
    ///   - path: absolute.
    /// - Returns: a descriptor; the caller owns it.
    /// - Throws: ``SandboxError``: `file` with errno; `gone` when the container does not run, or is a copy of a
    ///   template.
    package func liveFile(_ action: LiveFileAction, _ path: String) async throws(SandboxError)
        -> OwnedDescriptor
    {
        switch action {
        case .look(let follows):
            try await slot.file(path, CSANDBOX_FILE_LOOK, mode: follows ? 1 : 0, sandbox: number)
        case .open: try await slot.file(path, CSANDBOX_FILE_OPEN, mode: 0, sandbox: number)
        case .replace(let mode): try await slot.file(path, CSANDBOX_FILE_REPLACE, mode: mode, sandbox: number)
        case .folder(let mode): try await slot.file(path, CSANDBOX_FILE_FOLDER, mode: mode, sandbox: number)
        case .link(let target):
            try await slot.file(path, CSANDBOX_FILE_LINK, mode: 0, target: target, sandbox: number)
        }
    }
}

extension Slot {
    fileprivate func file(
        _ path: String,
        _ action: csandbox_file_action,
        mode: UInt32,
        target: String = "",
        sandbox: UInt32
    ) async throws(SandboxError) -> OwnedDescriptor {
        var order = csandbox_file_order()
        order.header = csandbox_header(kind: UInt32(CSANDBOX_OPEN_IN_ROOT.rawValue), slot: id)
        order.sandbox = sandbox
        order.action = UInt32(action.rawValue)
        order.mode = mode
        guard FixedText.copy(path, into: &order.path), FixedText.copy(target, into: &order.target) else {
            throw .file(path, errorNumber: ENAMETOOLONG)
        }
        let result = await descriptor { [order] sequence in
            var order = order
            order.sequence = sequence
            return order
        }
        switch result {
        case .success(let raw): return OwnedDescriptor(owning: raw)
        case .failure(.system(_, ESRCH)): throw .gone("the sandbox's root")
        case .failure(.system(_, let errorNumber)): throw .file(path, errorNumber: errorNumber)
        case .failure(let error): throw error
        }
    }
}
