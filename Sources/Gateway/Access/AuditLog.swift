// SPDX-License-Identifier: Apache-2.0
// The file of administrative actions: one line of JSON each, in a bounded number of bounded files. AuditTrail writes to
// it.

import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// DATA/audit/audit.log, and older files beside it.
final class AuditLog: Sendable {
    /// Size at which a file is closed: about 50,000 actions.
    static let fileBytesMax = 16 << 20
    /// Files kept, the current one among them: 128 MiB in all, the oldest is removed.
    static let filesMax = 8

    /// The current file.
    private struct File {
        var descriptor: Int32 = -1
        var size = 0
    }

    private let folder: String
    private let fileBytesMax: Int
    private let logger: Logger
    /// Held during a write: lines do not mix, and one rotation runs at a time.
    private let file = Mutex(File())

    /// Opens nothing yet.
    init(dataDirectory: String, fileBytesMax: Int = AuditLog.fileBytesMax, logger: Logger) {
        folder = dataDirectory + "/audit"
        self.fileBytesMax = fileBytesMax
        self.logger = logger
    }

    deinit {
        let descriptor = file.withLock { $0.descriptor }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Writes a line; returns when the kernel has it.
    ///
    /// A line that cannot be written goes to the gateway's own log instead: the action has happened already.
    func write(_ line: String) async {
        do {
            try await FileWork.run { self.append(line) }
        } catch {
            // The work throws nothing.
            return
        }
    }

    /// Blocks.
    private func append(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        let reason: String? = file.withLock { file in
            if file.descriptor < 0, let reason = open(&file) { return reason }
            if file.size > 0, file.size + bytes.count > fileBytesMax {
                rotate(&file)
                if let reason = open(&file) { return reason }
            }
            let written = Glibc.write(file.descriptor, bytes, bytes.count)
            guard written == bytes.count else {
                let reason = written < 0 ? Self.reason() : "the disk is full"
                // Lines stay whole.
                if written > 0 { ftruncate(file.descriptor, file.size) }
                return reason
            }
            file.size += written
            return nil
        }
        guard let reason else { return }
        logger.error(
            "an action is not in the audit log",
            metadata: ["reason": "\(reason)", "action": "\(line)"]
        )
    }

    private func path(_ number: Int) -> String {
        folder + "/audit.log" + (number == 0 ? "" : ".\(number)")
    }

    /// Opens the current file; the reason when it cannot be.
    private func open(_ file: inout File) -> String? {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { return Self.reason() }
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
        let descriptor = Glibc.open(path(0), flags, 0o600)
        guard descriptor >= 0 else { return Self.reason() }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let reason = Self.reason()
            close(descriptor)
            return reason
        }
        file.descriptor = descriptor
        file.size = Int(status.st_size)
        return nil
    }

    /// Renames every file to its next number; the last one is replaced.
    private func rotate(_ file: inout File) {
        close(file.descriptor)
        file.descriptor = -1
        file.size = 0
        for number in (0..<Self.filesMax - 1).reversed() {
            // Numbers that do not exist yet are none to rename.
            rename(path(number), path(number + 1))
        }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
