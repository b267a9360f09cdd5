// SPDX-License-Identifier: Apache-2.0
// Mount calls that the C library of Debian 12 lacks, and openat2. All are raw system calls, usable after
// CLONE_VM.
#pragma once
#include "csandbox_bounds.h"
#include "sys.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/mount.h>

static inline long raw_mount(const char *source, const char *target, const char *type,
                             unsigned long flags, const char *data) {
    return SYS5(SYS_mount, source, target, type, flags, data);
}

static inline long raw_open_tree(int folder, const char *path, unsigned flags) {
    return SYS3(SYS_open_tree, folder, path, flags);
}

static inline long raw_move_mount(int from, int to_folder, const char *to_path, unsigned flags) {
    return SYS5(SYS_move_mount, from, "", to_folder, to_path, flags | MOVE_MOUNT_F_EMPTY_PATH);
}

static inline long raw_mount_setattr(int tree, unsigned flags, uint64_t set, int user_namespace) {
    struct mount_attr attributes = {
        .attr_set = set | (user_namespace >= 0 ? MOUNT_ATTR_IDMAP : 0),
        .userns_fd = user_namespace >= 0 ? (uint64_t)user_namespace : 0,
    };
    return SYS5(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes);
}

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/// Opens a path as `how` says, again while the kernel cannot tell whether it led outside. Returns a descriptor or
/// -errno.
static inline long open_resolved(int folder, const char *path, const struct open_how *how) {
    long result = -EAGAIN;
    for (int i = 0; i < (int)CSANDBOX_OPEN_CALLS_MAX && result == -EAGAIN; i++)
        result = SYS4(SYS_openat2, folder, path, how, sizeof *how);
    return result;
}

/// Opens a path strictly below `folder` without following symbolic links. Returns a descriptor or
/// -errno.
static inline long open_beneath(int folder, const char *path, uint64_t flags) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return open_resolved(folder, path, &how);
}

/// Opens a path as if `root` were "/": symbolic links are followed within it. Returns a descriptor
/// or -errno.
static inline long open_in_root(int root, const char *path, uint64_t flags) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    return open_resolved(root, path, &how);
}
