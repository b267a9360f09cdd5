// SPDX-License-Identifier: Apache-2.0
// What a slot would share with others by its inodes: device nodes, and the time namespace. A
// watch (inotify(7)) or a lock (flock(2)) is of an inode, whatever mount leads to it, so each
// slot has inodes of its own. Done while the slot still has the power to; raw calls only.
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
        {FSCONFIG_SET_STRING, "lowerdir", "/dev:" NOTHING_FOLDER},
        {FSCONFIG_SET_FLAG, "ro", NULL},
        {FSCONFIG_CMD_CREATE, NULL, NULL},
    };
    long result = 0;
    for (size_t i = 0; result >= 0 && i < sizeof settings / sizeof settings[0]; i++)
        result =
            SYS5(SYS_fsconfig, context, settings[i].command, settings[i].key, settings[i].value, 0);
    return result;
}

// An overlay without an upper folder has inodes of its own for those of the lower ones, and
// makes each when it is first looked up: half the time and a third of the memory of nodes made
// one by one. Of the first user namespace, since in any other one devices do not work.
struct failure own_dev_make(const struct host *host, int *tree) {
    *tree = -1;
    // There the host's nodes are bound, and nothing but the host's file system has nodes.
    if (rootless(host))
        return fine();
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

// The file /proc/PID/ns/time can be watched and locked like any other. The clocks stay as they
// are. A process enters it with its children otherwise, which sandboxes (CLONE_VM) are not.
struct failure own_time_make(void) {
    long result = SYS1(SYS_unshare, CLONE_NEWTIME);
    // A kernel without such namespaces has no such file.
    if (result == -EINVAL)
        return fine();
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, result));
    long space =
        SYS4(SYS_openat, AT_FDCWD, "/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC, 0);
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, space));
    result = SYS2(SYS_setns, space, CLONE_NEWTIME);
    SYS1(SYS_close, space);
    return check(CSANDBOX_STEP_SLOT_UNSHARE, result);
}
