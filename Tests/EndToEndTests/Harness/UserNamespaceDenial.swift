// SPDX-License-Identifier: Apache-2.0
// A host that forbids user namespaces, for one program only: the kernel's own switch would hit everybody.

import Foundation

/// Runs a program under a system-call filter that refuses CLONE_NEWUSER, alone or with what a copy has besides.
enum UserNamespaceDenial {
    /// Builds the wrapper program: seccomp filters are made of numbers, and C has their names.
    ///
    /// - Parameters:
    ///   - folder: where it is put.
    ///   - ofCopiesOnly: whether only copies of templates are refused theirs, as where a distribution forbids user
    ///     namespaces to programs without privileges: nothing else makes a user namespace and a sibling in one call.
    /// - Returns: its path.
    /// - Throws: ``HarnessError`` when the compiler fails.
    static func wrapper(in folder: TemporaryFolder, ofCopiesOnly: Bool = false) async throws -> String {
        try folder.write(source, to: "deny.c")
        let program = folder.url.appendingPathComponent("deny").path
        let flags = ofCopiesOnly ? "(CLONE_NEWUSER | CLONE_PARENT)" : "CLONE_NEWUSER"
        try await Command.require(
            "cc",
            "-DDENIED=\(flags)",
            "-o",
            program,
            folder.url.appendingPathComponent("deny.c").path
        )
        return program
    }

    /// EPERM is what kernels answer where an administrator forbids it.
    ///
    /// Only the lower half of the flags is looked at: the flag is in it, on little-endian machines.
    private static let source = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <linux/filter.h>
        #include <linux/seccomp.h>
        #include <sched.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <sys/prctl.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        int main(int count, char **arguments) {
            struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
                BPF_STMT(BPF_ALU | BPF_AND | BPF_K, DENIED),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DENIED, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            };
            struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
            if (count < 2 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
                perror("deny");
                return 2;
            }
            execvp(arguments[1], arguments + 1);
            perror(arguments[1]);
            return 2;
        }
        """
}
