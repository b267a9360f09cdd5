// SPDX-License-Identifier: Apache-2.0
// Typed errors of the Sandbox room; text is made here once.

import Glibc

/// Why a slot or sandbox could not be made or used.
package enum SandboxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A step of the set-up failed in the kernel; `step` is the name from the wire contract.
    case setup(step: String, errorNumber: Int32)
    /// The spawner or slot is gone.
    case gone(String)
    /// The sandbox was killed before its program ran, by the kernel or from outside.
    case killedUnused
    /// The host lacks what the plan needs.
    case unsupported(String)
    /// A folder or file of the host cannot be shown in a container.
    case place(String, errorNumber: Int32)
    /// argv and environment together exceed what one release message can carry.
    case commandTooLarge(bytes: Int, max: Int)
    /// A port inside a container cannot be reached, or cannot be listened on.
    case unreachable(port: UInt16, errorNumber: Int32)
    /// A file inside a container cannot be made or read.
    case file(String, errorNumber: Int32)
    /// A bound of a container is reached; as a sentence.
    case exhausted(String)
    /// The program of a container was not executed yet.
    case notYet
    /// A process cannot be the template of its slot; with the reason as a clause.
    case notCopyable(String)
    /// A system call of the gateway itself failed.
    case system(call: String, errorNumber: Int32)

    /// Whether a process ended that was to serve: another one may well do.
    package var isDeath: Bool {
        switch self {
        case .gone, .killedUnused: true
        case .setup, .unsupported, .place, .commandTooLarge, .unreachable, .file, .exhausted, .notYet,
            .notCopyable, .system:
            false
        }
    }

    package var description: String {
        switch self {
        case .setup(let step, let errorNumber):
            "container set-up failed at '\(step)': \(Self.message(errorNumber))"
        case .gone(let what): "\(what) is gone"
        case .killedUnused: "the container was killed before its program ran"
        case .unsupported(let what): "not supported on this host: \(what)"
        case .place(let path, let errorNumber):
            "'\(path)' of this host cannot be mounted: \(Self.message(errorNumber))"
        case .commandTooLarge(let bytes, let max):
            "arguments and environment take \(bytes) bytes, at most \(max) fit"
        case .unreachable(let port, let errorNumber):
            "port \(port) of the container: \(Self.message(errorNumber))"
        case .file(let path, let errorNumber): "'\(path)' in the container: \(Self.fileMessage(errorNumber))"
        case .exhausted(let what): what
        case .notYet: "the container's program has not started yet"
        case .notCopyable(let reason): "it cannot be started from a template: \(reason)"
        case .system(let call, let errorNumber): "\(call) failed: \(Self.message(errorNumber))"
        }
    }

    /// What an errno of a file means here, where its meaning is a rule of ours.
    private static func fileMessage(_ errorNumber: Int32) -> String {
        switch errorNumber {
        case 0: "this process has too many descriptors to take another"
        case EINVAL, EISDIR, ENXIO: "it is no regular file"
        case ELOOP: "it is a symbolic link"
        case EXDEV: "it is on another file system than the container's root"
        default: message(errorNumber)
        }
    }

    /// The C library's words with the number; strerror itself is not safe between threads.
    private static func message(_ errorNumber: Int32) -> String {
        var text = [CChar](repeating: 0, count: messageBytesMax)
        guard strerror_r(errorNumber, &text, text.count) == 0 else { return "errno \(errorNumber)" }
        let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        return "\(String(decoding: bytes, as: UTF8.self)) (errno \(errorNumber))"
    }

    /// Longer than any of glibc's texts.
    private static let messageBytesMax = 256
}
