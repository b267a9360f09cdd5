// SPDX-License-Identifier: Apache-2.0
// A process of the host without any isolation: what a container per call is measured against.

import Glibc

enum HostProcess {
    /// Starts a program, reads all that it writes and waits for its end; blocks the calling thread.
    ///
    /// - Parameter path: a program that ends with 0 and writes less than a pipe holds.
    /// - Throws: ``BenchFailure`` with the call that failed.
    static func run(_ path: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw BenchFailure(description: "pipe: \(errno)") }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
        var process = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
        defer { free(arguments[0]) }
        let result = posix_spawn(&process, path, &actions, nil, &arguments, environ)
        close(ends[1])
        guard result == 0 else { throw BenchFailure(description: "posix_spawn: \(result)") }
        var bytes = [UInt8](repeating: 0, count: 4096)
        while read(ends[0], &bytes, bytes.count) > 0 {}
        var status: Int32 = 0
        guard waitpid(process, &status, 0) == process, status == 0 else {
            throw BenchFailure(description: "\(path) ended with \(status)")
        }
    }
}
