// SPDX-License-Identifier: Apache-2.0
// What a failed `execve` means to the owner of the image. InvocationState asks.

import Glibc

/// A command that the kernel would not start.
struct ExecFailure: Hashable, Sendable {
    var errorNumber: Int32
    /// What the program asks for and the container lacks, in words.
    var interpreterNote: String?

    /// 127 when it was not found, 126 when it is there but cannot run, as shells and Docker tell it.
    var exitCode: Int {
        switch errorNumber {
        case ENOENT, ENOTDIR: 127
        default: 126
        }
    }

    /// One line for the function's log.
    func text(program: String) -> String {
        "cannot run '\(program)': " + reason + " (exit code \(exitCode))"
    }

    private var reason: String {
        switch errorNumber {
        case ENOENT:
            interpreterNote.map { "the image's CMD \($0)" }
                ?? "the image's CMD was not found, or the interpreter or loader that it names"
        case ENOTDIR: "the image's CMD was not found: a part of its path is not a directory"
        case EACCES: "the image's CMD is not runnable: no permission, or it is not a regular file"
        case ENOEXEC: "the image's CMD is not runnable: no program for this machine, and no #! line"
        case EISDIR: "the image's CMD is not runnable: it is a directory"
        case ELOOP: "the image's CMD is not runnable: too many symbolic links"
        case E2BIG: "arguments and environment are too large"
        case ENOMEM: "not enough memory to start it; raise limits.memory"
        default: "the image's CMD is not runnable: errno \(errorNumber)"
        }
    }
}
