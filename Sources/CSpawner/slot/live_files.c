// SPDX-License-Identifier: Apache-2.0
// Files of a sandbox that runs or is about to, whose program may exchange any part of a path at any moment. Every path is
// resolved within the root in one call; what was opened is looked at by its descriptor, and a new file is made in
// the open folder above it: nothing is looked up twice.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/// Permissions of a new file until it has its own: of root alone.
enum { FIRST_MODE = 0600 };

// Complete and not released, or executed: in between it may still change its root. A copy of a template
// has a root that the slot keeps no handle of.
bool live_files_allowed(void) {
    bool is_settled =
        slot.stage == STAGE_BLOCKED || (slot.stage == STAGE_RELEASED && slot.exec_at_ns != 0);
    return slot.sandbox != 0 && is_settled && slot.root.mounts >= 0 &&
           !(slot.plan.flags & CSANDBOX_SLOT_TEMPLATE);
}

// Closes and refuses a file of /proc: the slot may read and write more there than the sandbox.
static long not_of_proc(long file) {
    struct statfs system;
    if (file < 0)
        return file;
    long result = SYS2(SYS_fstatfs, file, &system);
    if (result >= 0 && system.f_type == PROC_SUPER_MAGIC)
        result = -EXDEV;
    if (result >= 0)
        return file;
    SYS1(SYS_close, file);
    return result;
}

static long look(int root, const char *path, bool follows) {
    return not_of_proc(open_in_root(root, path, O_PATH | (follows ? 0 : O_NOFOLLOW)));
}

// Without blocking: a fifo would wait for its other end. No mount of a sandbox has devices.
static long open_readable(int root, const char *path) {
    long file = not_of_proc(open_in_root(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    struct stat status;
    if (file < 0)
        return file;
    long result = fstat((int)file, &status) < 0                        ? -errno
                  : S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? file
                                                                       : -EINVAL;
    if (result < 0)
        SYS1(SYS_close, file);
    return result;
}

// The folder above, and the name in it.
static long open_above(int root, char *path, const char **name) {
    char *slash = strrchr(path, '/');
    *name = slash + 1;
    if (!**name || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        return -EINVAL;
    *slash = 0;
    long above = open_in_root(root, *path ? path : "/", O_PATH | O_DIRECTORY);
    *slash = '/';
    return not_of_proc(above);
}

// Only what is no folder; EISDIR otherwise.
static long remove_old(int above, const char *name) {
    long result = SYS3(SYS_unlinkat, above, name, 0);
    return result == -ENOENT ? 0 : result;
}

static long finish(long file, uint32_t mode) {
    if (file < 0)
        return file;
    long result = SYS3(SYS_fchown, file, 0, 0);
    if (result >= 0)
        result = SYS2(SYS_fchmod, file, mode);
    if (result >= 0)
        return file;
    SYS1(SYS_close, file);
    return result;
}

static long replace(int above, const char *name, uint32_t mode) {
    long result = remove_old(above, name);
    if (result < 0)
        return result;
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    return finish(SYS4(SYS_openat, above, name, flags, FIRST_MODE), mode);
}

static long make_folder(int above, const char *name, uint32_t mode) {
    long made = SYS3(SYS_mkdirat, above, name, FIRST_MODE | S_IXUSR);
    if (made < 0 && made != -EEXIST)
        return made;
    long folder = SYS4(SYS_openat, above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    return made < 0 ? folder : finish(folder, mode);
}

static long make_link(int above, const char *name, const char *target) {
    long result = remove_old(above, name);
    if (result >= 0)
        result = SYS3(SYS_symlinkat, target, above, name);
    if (result >= 0)
        result = SYS5(SYS_fchownat, above, name, 0, 0, AT_SYMLINK_NOFOLLOW);
    return result < 0 ? result : SYS4(SYS_openat, above, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

static long make(int root, const struct csandbox_file_order *order, char *path) {
    const char *name;
    long above = open_above(root, path, &name);
    if (above < 0)
        return above;
    slot.root.is_written = true;
    long result = order->action == CSANDBOX_FILE_REPLACE ? replace((int)above, name, order->mode)
                  : order->action == CSANDBOX_FILE_FOLDER
                      ? make_folder((int)above, name, order->mode)
                      : make_link((int)above, name, order->target);
    SYS1(SYS_close, above);
    return result;
}

long live_file(int root, const struct csandbox_file_order *order, char *path) {
    switch (order->action) {
    case CSANDBOX_FILE_LOOK:
        return look(root, path, order->mode != 0);
    case CSANDBOX_FILE_OPEN:
        return open_readable(root, path);
    case CSANDBOX_FILE_LINK:
        if (!memchr(order->target, 0, sizeof order->target))
            return -EINVAL;
        return make(root, order, path);
    case CSANDBOX_FILE_REPLACE:
    case CSANDBOX_FILE_FOLDER:
        return make(root, order, path);
    default:
        return -EINVAL;
    }
}
