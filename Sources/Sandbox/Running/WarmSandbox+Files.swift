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

extension Slot {
    fileprivate func file(
        _ path: String,
        _ action: csandbox_file_action,
        mode: UInt32,
        sandbox: UInt32
    ) async throws(SandboxError) -> OwnedDescriptor {
        var order = csandbox_file_order()
        order.header = csandbox_header(kind: UInt32(CSANDBOX_OPEN_IN_ROOT.rawValue), slot: id)
        order.sandbox = sandbox
        order.action = UInt32(action.rawValue)
        order.mode = mode
        guard FixedText.copy(path, into: &order.path) else {
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
