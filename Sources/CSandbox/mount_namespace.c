// SPDX-License-Identifier: Apache-2.0
// Mount namespaces: an empty one for a worker; for the gateway one in which the data folder is a mount of its
// own and can be reached, also below a folder that only root can search.
#define _GNU_SOURCE
#include "csandbox_privileges.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
enum { TREE_CLONE = 1, MOVE_FROM_EMPTY_PATH = 4 };
enum { ATTRIBUTES_NOSUID_NODEV_NOEXEC = 2 | 4 | 8 };

/// As linux/mount.h has it since 5.12.
struct attributes {
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
    uint64_t user_namespace;
};

// The dynamic linker has already mapped everything that the program needs, so no path has to
// resolve afterwards.
int csandbox_empty_root(void) {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/tmp", "tmpfs", flags, "size=4k,nr_inodes=2,mode=0555") < 0 ||
        chdir("/tmp") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ||
        mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0)
        return -errno;
    return 0;
}

// Creates every folder of an absolute path, searchable for every user.
static int make_folders(const char *path) {
    char part[CSANDBOX_PATH_MAX];
    for (size_t i = 1; path[i - 1]; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        if (i >= sizeof part)
            return -ENAMETOOLONG;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

static int put(int tree, const char *folder) {
    long result = syscall(SYS_move_mount, tree, "", AT_FDCWD, folder, MOVE_FROM_EMPTY_PATH);
    return result < 0 ? -errno : 0;
}

static int cover(int tree, const char *parent, const char *folder) {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("tmpfs", parent, "tmpfs", flags, "size=64k,mode=0755") < 0)
        return -errno;
    int result = make_folders(folder);
    result = result < 0 ? result : put(tree, folder);
    if (result < 0)
        return result;
    return mount(NULL, parent, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0 ? -errno
                                                                                         : 0;
}

// A mount of its own, because neither rename nor link works between mounts, even of one file
// system.
int csandbox_isolate_folder(const char *parent, const char *folder) {
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return -errno;
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, folder, TREE_CLONE | O_CLOEXEC);
    if (tree < 0)
        return -errno;
    struct attributes wanted = {.set = ATTRIBUTES_NOSUID_NODEV_NOEXEC};
    int result = 0;
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &wanted, sizeof wanted) < 0)
        result = -errno;
    else
        result = parent ? cover(tree, parent, folder) : put(tree, folder);
    close(tree);
    return result;
}
