// SPDX-License-Identifier: Apache-2.0
// Path resolution that cannot leave a root. ImageStore uses it for unpacking, and every reader of image
// trees.
#define _GNU_SOURCE
#include "csandbox_paths.h"
#include "csandbox_bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

_Static_assert(CSANDBOX_OPEN_PATH == O_PATH, "O_PATH has another value on this architecture");

static int open_resolved(int root, const char *path, int flags, mode_t mode, uint64_t resolve) {
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .mode = (flags & (O_CREAT | O_TMPFILE)) == 0 ? 0 : mode,
        .resolve = resolve,
    };
    for (int i = 0; i < (int)CSANDBOX_OPEN_CALLS_MAX; i++) {
        long result = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (result >= 0)
            return (int)result;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
    return -EAGAIN;
}

int csandbox_open_in_root(int root, const char *path, int flags, mode_t mode) {
    return open_resolved(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int csandbox_open_beneath(int root, const char *path, int flags, mode_t mode) {
    uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
    return open_resolved(root, path, flags, mode, resolve);
}

int csandbox_set_attribute(int file, const char *name, const void *value, size_t size) {
    return fsetxattr(file, name, value, size, 0) == 0 ? 0 : -errno;
}

ssize_t csandbox_get_attribute(int file, const char *name, void *value, size_t size) {
    ssize_t result = fgetxattr(file, name, value, size);
    return result >= 0 ? result : -errno;
}

ssize_t csandbox_list_attributes(int file, char *names, size_t size) {
    ssize_t result = flistxattr(file, names, size);
    return result >= 0 ? result : -errno;
}

int csandbox_sync_filesystem(int file) { return syncfs(file) == 0 ? 0 : -errno; }
