// SPDX-License-Identifier: Apache-2.0
// A helper program as a process group of its own, so that its descendants can be ended with it. Every call
// blocks.
//
// Foundation's Process waits for all descendants that hold its socket; a helper can make that wait endless.

import ImageStore
import CSandbox
import Foundation
import Glibc

enum HelperProcess {
    /// Starts a program with the text on its stdin, a pipe on its stdout, and no other descriptor of this process.
    ///
    /// The caller closes the pipe's end and waits for the child. The text has to fit into a pipe (64 KiB).
    static func spawn(_ command: [String], input: String) throws(ImageError) -> (child: pid_t, output: Int32)
    {
        let stdin = try pipe()
        let stdout: (read: Int32, write: Int32)
        do throws(ImageError) {
            stdout = try pipe()
        } catch {
            close(stdin.read)
            close(stdin.write)
            throw error
        }
        defer {
            close(stdin.read)
            close(stdout.write)
        }
        // This process holds the other end as well: the write neither blocks nor raises SIGPIPE.
        let bytes = Array(input.utf8)
        let written = Glibc.write(stdin.write, bytes, bytes.count)
        close(stdin.write)
        let result = written == bytes.count ? start(command, stdin.read, stdout.write) : .failure(errno)
        switch result {
        case .success(let child): return (child, stdout.read)
        case .failure(let number):
            close(stdout.read)
            throw .system(call: "posix_spawn", path: command[0], errorNumber: number)
        }
    }

    /// Reads until the end of the pipe; nil when a bound is exceeded.
    static func read(_ descriptor: Int32, limitBytes: Int, until end: ContinuousClock.Instant) -> Data? {
        var output = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { return nil }
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = Glibc.poll(&poll, 1, Int32(left.components.seconds * 1000 + 999))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return output }
            if count < 0, errno == EINTR { continue }
            guard count > 0, output.count + count <= limitBytes else { return nil }
            output.append(contentsOf: buffer[..<count])
        }
    }

    /// The child's exit status; nil when it had to be killed.
    ///
    /// Its whole group has ended afterwards.
    static func wait(_ child: pid_t, until end: ContinuousClock.Instant) -> Int32? {
        var status: Int32 = 0
        while ContinuousClock.now < end {
            let result = waitpid(child, &status, WNOHANG)
            if result == child {
                kill(-child, SIGKILL)
                // Death by a signal is no exit status.
                return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
            }
            if result < 0, errno != EINTR { return nil }
            // Helpers end right after their output, so the loop runs once or not at all.
            usleep(5000)
        }
        kill(-child, SIGKILL)
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return nil
    }

    private enum Started {
        case success(pid_t)
        case failure(Int32)
    }

    private static func pipe() throws(ImageError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        let result = csandbox_pipe(&ends)
        guard result == 0 else { throw SystemCall.failure("pipe", "helper", errorNumber: -result) }
        return (ends[0], ends[1])
    }

    private static func start(_ command: [String], _ stdin: Int32, _ stdout: Int32) -> Started {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, stdin, 0)
        posix_spawn_file_actions_adddup2(&actions, stdout, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        csandbox_spawn_close_from(&actions, 3)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let result = posix_spawn(&child, command[0], &actions, &attributes, &arguments, environ)
        return result == 0 ? .success(child) : .failure(result)
    }
}
