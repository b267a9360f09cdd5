// SPDX-License-Identifier: Apache-2.0
// /etc/hosts, /etc/hostname and /etc/resolv.conf of a slot: written once, then part of an overlay on the
// image or mounted on it.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/template.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct failure write_file(const char *path, const char *bytes, size_t size) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0)
        return check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, -1);
    ssize_t written = write(file, bytes, size);
    struct failure failure =
        written == (ssize_t)size
            ? success()
            : (struct failure){CSANDBOX_STEP_SLOT_TEMPLATE, written < 0 ? errno : ENOSPC};
    close(file);
    return failure;
}

// Names beside the container's own, now or later.
static bool has_names(void) { return slot.plan.hosts[0] || slot.plan.flags & CSANDBOX_SLOT_HOSTS; }

// Written into a layer above the image. An image whose /etc is missing or a symbolic link gets none
// of them: no link of the image is followed. With further names a missing one is made.
struct failure etc_write(int lower) {
    char hosts[256 + CSANDBOX_HOSTS_MAX];
    long etc = open_beneath(lower, "etc", O_PATH | O_DIRECTORY);
    // As Docker does, the folder is made where it is missing and names are wanted.
    if (etc < 0 && (etc != -ENOENT || !has_names()))
        return check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, rmdir("/base/files/etc"));
    if (etc >= 0)
        close((int)etc);
    int size = snprintf(hosts, sizeof hosts, "127.0.0.1\tlocalhost %s\n::1\tlocalhost\n%s",
                        slot.plan.hostname, slot.plan.hosts);
    TRY(write_file("/base/files/etc/hosts", hosts, (size_t)size));
    size = snprintf(hosts, sizeof hosts, "%s\n", slot.plan.hostname);
    TRY(write_file("/base/files/etc/hostname", hosts, (size_t)size));
    return write_file("/base/files/etc/resolv.conf", slot.plan.resolv_conf,
                      strlen(slot.plan.resolv_conf));
}

// An image without a real /etc has no such files in the template; one without the file, or with a
// symbolic link in its place, has no target, and none can be made on a read-only root.
static bool is_missing(long result) {
    return result == -ENOENT || result == -ENOTDIR || result == -ELOOP || result == -EROFS;
}

// `is_made`: a target that is missing is made.
static long bind_file(int root, const char *source, const char *path, bool is_made) {
    long tree = raw_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return is_missing(tree) ? 0 : tree;
    long target = is_made ? make_in_root(root, path, false) : open_beneath(root, path, O_PATH);
    long result = is_missing(target) ? 0 : target;
    if (result >= 0 && slot.plan.flags & CSANDBOX_SLOT_READ_ONLY)
        result = raw_mount_setattr((int)tree, 0, MOUNT_ATTR_RDONLY, -1);
    if (target >= 0 && result >= 0) {
        result = raw_move_mount((int)tree, (int)target, "", MOVE_MOUNT_T_EMPTY_PATH);
    }
    if (target >= 0)
        SYS1(SYS_close, target);
    SYS1(SYS_close, tree);
    return result;
}

long etc_open_hosts(void) {
    if (!(slot.plan.flags & CSANDBOX_SLOT_HOSTS))
        return -EINVAL;
    int file = open("/base/files/etc/hosts", O_WRONLY | O_CLOEXEC);
    return file < 0 ? -errno : file;
}

// Mounts the files on a root whose changes are kept, so that they do not count as changes, and on one
// whose /etc/hosts the gateway rewrites: a lower file of an overlay must not change.
struct failure etc_bind(void) {
    static const char *const files[][2] = {{"/base/files/etc/hosts", "etc/hosts"},
                                           {"/base/files/etc/hostname", "etc/hostname"},
                                           {"/base/files/etc/resolv.conf", "etc/resolv.conf"}};
    long root = SYS4(SYS_openat, AT_FDCWD, "/newroot", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    TRY(check(CSANDBOX_STEP_SANDBOX_ETC, root));
    long result = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && result >= 0; i++)
        result = bind_file((int)root, files[i][0], files[i][1], i == 0 && has_names());
    SYS1(SYS_close, root);
    return check(CSANDBOX_STEP_SANDBOX_ETC, result);
}
