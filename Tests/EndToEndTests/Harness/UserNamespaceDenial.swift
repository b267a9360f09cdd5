// SPDX-License-Identifier: Apache-2.0
// A host that forbids user namespaces, for one program only: the kernel's own switch would hit everybody.

import Foundation

/// Runs a program under a system-call filter that refuses CLONE_NEWUSER.
enum UserNamespaceDenial {
    /// Builds the wrapper program: seccomp filters are made of numbers, and C has their names.
    static func wrapper(in folder: TemporaryFolder) async throws -> String {
        try folder.write(source, to: "deny.c")
        let program = folder.url.appendingPathComponent("deny").path
        try await Command.require("cc", "-o", program, folder.url.appendingPathComponent("deny.c").path)
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
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
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
