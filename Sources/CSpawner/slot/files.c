// SPDX-License-Identifier: Apache-2.0
// Opens files in the root of a sandbox for the gateway: new ones before its program is executed, any
// regular one after its end (live_files.c has those of running sandboxes). The image and the ended program decide
// what the paths lead through, so each is resolved within the root and on its own mount: /proc, /dev, /sys and
// secrets are out of reach.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/template.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Permissions of folders that are made above a file.
enum { FOLDER_MODE = 0755 };

static long open_at(int root, const char *path, uint64_t flags, uint64_t mode) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    return open_resolved(root, path, &how);
}

// The folder above it exists. The path is cut at its last slash for a moment.
static long make_folder(int root, char *path) {
    char *slash = strrchr(path, '/');
    *slash = 0;
    long parent = open_at(root, *path ? path : "/", O_PATH | O_DIRECTORY, 0);
    *slash = '/';
    if (parent < 0)
        return parent;
    long result = SYS3(SYS_mkdirat, parent, slash + 1, FOLDER_MODE);
    if (result >= 0)
        result = SYS5(SYS_fchownat, parent, slash + 1, slot.plan.uid, slot.plan.gid,
                      AT_SYMLINK_NOFOLLOW);
    SYS1(SYS_close, parent);
    return result;
}

static long make_folders_above(int root, char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        long folder = open_at(root, path, O_PATH | O_DIRECTORY, 0);
        long result = folder == -ENOENT ? make_folder(root, path) : folder;
        *slash = '/';
        if (folder >= 0)
            SYS1(SYS_close, folder);
        if (result < 0)
            return result;
    }
    return 0;
}

// Looks before it opens: to open a device acts on it, and a fifo waits for its other end.
static long check_regular(int root, const char *path) {
    long place = open_at(root, path, O_PATH | O_NOFOLLOW, 0);
    struct stat status;
    if (place < 0)
        return place;
    long result = fstat((int)place, &status) < 0 ? -errno
                  : S_ISREG(status.st_mode)      ? 0
                  : S_ISLNK(status.st_mode)      ? -ELOOP
                                                 : -EINVAL;
    SYS1(SYS_close, place);
    return result;
}

static long open_regular(int root, const char *path) {
    long result = check_regular(root, path);
    return result < 0 ? result : open_at(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
}

// Owner before permissions, because a change of the owner may clear bits.
static long create(int root, char *path, uint32_t mode) {
    slot.root.is_written = true;
    long result = make_folders_above(root, path);
    if (result < 0)
        return result;
    result = check_regular(root, path);
    if (result < 0 && result != -ENOENT)
        return result;
    // Truncated at once, so that the overlay need not copy the bytes of the image's file.
    long file = open_at(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, mode);
    if (file < 0)
        return file;
    result = SYS3(SYS_fchown, file, slot.plan.uid, slot.plan.gid);
    if (result >= 0)
        result = SYS2(SYS_fchmod, file, mode);
    if (result >= 0)
        return file;
    SYS1(SYS_close, file);
    return result;
}

// Before the release the sandbox runs no code of the image, and after its end none is left: no path changes
// while it is resolved.
static bool is_quiet(uint32_t action) {
    if (slot.root.mounts < 0)
        return false;
    if (action == CSANDBOX_FILE_CREATE)
        return slot.sandbox != 0 && slot.stage != STAGE_RELEASED;
    return slot.sandbox == 0 && slot.root.is_held;
}

static long open_in_sandbox(const struct csandbox_file_order *order) {
    char path[CSANDBOX_PATH_MAX];
    memcpy(path, order->path, sizeof path);
    bool is_live = order->action >= CSANDBOX_FILE_LOOK;
    if (order->action == CSANDBOX_FILE_HOSTS)
        return order->sandbox == slot.number ? etc_open_hosts() : -ESRCH;
    if (order->action == CSANDBOX_FILE_PROCESSES)
        return order->sandbox == slot.number ? processes_open() : -ESRCH;
    if (path[0] != '/' || !memchr(path, 0, sizeof path) || order->mode > 0777)
        return -EINVAL;
    if (order->sandbox != slot.number ||
        !(is_live ? live_files_allowed() : is_quiet(order->action)))
        return -ESRCH;
    enter_mounts(slot.root.mounts);
    long root = SYS4(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    long file = root;
    if (root >= 0) {
        file = is_live                                 ? live_file((int)root, order, path)
               : order->action == CSANDBOX_FILE_CREATE ? create((int)root, path, order->mode)
                                                       : open_regular((int)root, path);
        SYS1(SYS_close, root);
    }
    enter_mounts(slot.own_mounts);
    return file;
}

void file_order_answer(const struct csandbox_file_order *order) {
    answer_with_descriptor(order->header, order->sequence, open_in_sandbox(order));
}
