// SPDX-License-Identifier: Apache-2.0
// Whether a file system supports idmapped mounts. Tried, because it depends on both the file system and the
// kernel.
#define _GNU_SOURCE
#include "csandbox_host.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
enum { TREE_CLONE = 1, ATTRIBUTE_IDMAP = 0x100000 };

/// As linux/mount.h has it since 5.12.
struct attributes {
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
    uint64_t user_namespace;
};

static int write_map(pid_t pid, const char *name) {
    static const char map[] = "0 1 1";
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    int result = write(file, map, sizeof map - 1) < 0 ? -errno : 0;
    close(file);
    return result;
}

static int try_mount(int tree, pid_t pid) {
    char path[64];
    int result = write_map(pid, "uid_map");
    result = result < 0 ? result : write_map(pid, "gid_map");
    if (result < 0)
        return result;
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0)
        return -errno;
    struct attributes wanted = {.set = ATTRIBUTE_IDMAP, .user_namespace = (uint64_t)space};
    long done = syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &wanted, sizeof wanted);
    // EINVAL means that the file system does not support it, ENOSYS that the kernel does not.
    result = done == 0 ? 1 : errno == EINVAL || errno == ENOSYS ? 0 : -errno;
    close(space);
    return result;
}

int csandbox_supports_idmap(const char *folder) {
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, folder, TREE_CLONE | O_CLOEXEC);
    if (tree < 0)
        return -errno;
    // The child has a copy of this process's memory and only waits.
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        for (;;)
            pause();
    int result = pid < 0 ? -errno : try_mount(tree, (pid_t)pid);
    if (pid > 0) {
        kill((pid_t)pid, SIGKILL);
        waitpid((pid_t)pid, NULL, 0);
    }
    close(tree);
    return result;
}
