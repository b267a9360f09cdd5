// SPDX-License-Identifier: Apache-2.0
// Inodes that slots would otherwise share: device nodes and the time namespace. Watches (inotify(7)) and
// locks (flock(2)) belong to an inode, whatever mount leads to it, so sandboxes could signal each other
// through a common one. Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/mounts.h"
#include <sched.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static long configure_overlay(int context) {
    static const struct {
        unsigned command;
        const char *key, *value;
    } settings[] = {
        {FSCONFIG_SET_STRING, "lowerdir", "/dev:" EMPTY_LOWER_FOLDER},
        {FSCONFIG_SET_FLAG, "ro", NULL},
        {FSCONFIG_CMD_CREATE, NULL, NULL},
    };
    long result = 0;
    for (size_t i = 0; result >= 0 && i < sizeof settings / sizeof settings[0]; i++)
        result =
            SYS5(SYS_fsconfig, context, settings[i].command, settings[i].key, settings[i].value, 0);
    return result;
}

// An overlay without an upper folder has its own inodes for the files below, and creates each at
// its first lookup: this takes half the time and a third of the memory of separate nodes. Mounted
// in the initial user namespace, because devices do not work in another.
struct failure own_dev_make(const struct host *host, int *tree) {
    *tree = -1;
    // Without privileges the host's nodes are bind-mounted; only the host's file system can have
    // nodes.
    if (rootless(host))
        return success();
    long context = SYS2(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
    TRY(check(CSANDBOX_STEP_SLOT_DEV, context));
    long result = configure_overlay((int)context);
    if (result >= 0)
        result = SYS3(SYS_fsmount, context, FSMOUNT_CLOEXEC,
                      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    SYS1(SYS_close, context);
    *tree = (int)result;
    return check(CSANDBOX_STEP_SLOT_DEV, result);
}

// /proc/PID/ns/time can be watched and locked like any other file. The clocks stay the same.
// unshare(2) moves only future children into the namespace, and not children that share memory
// (CLONE_VM), so this process enters it itself.
struct failure own_time_make(void) {
    long result = SYS1(SYS_unshare, CLONE_NEWTIME);
    // The kernel has no time namespaces, and so no such file.
    if (result == -EINVAL)
        return success();
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, result));
    long space =
        SYS4(SYS_openat, AT_FDCWD, "/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC, 0);
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, space));
    result = SYS2(SYS_setns, space, CLONE_NEWTIME);
    SYS1(SYS_close, space);
    return check(CSANDBOX_STEP_SLOT_UNSHARE, result);
}
