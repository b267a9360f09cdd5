// SPDX-License-Identifier: Apache-2.0
// Enters the root of the sandbox and mounts its /proc, the only mount that belongs to one sandbox: it shows a
// PID namespace.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/sandbox.h"
#include <sched.h>

// Created before the sandbox enters the root: in a user namespace the kernel allows a new /proc
// only where another one is visible, and the root has none.
struct failure sandbox_make_proc(const char *pids, long *tree) {
    long context = SYS2(SYS_fsopen, "proc", FSOPEN_CLOEXEC);
    TRY(check(CSANDBOX_STEP_SANDBOX_PROC, context));
    long result = pids ? SYS5(SYS_fsconfig, context, FSCONFIG_SET_STRING, "pidns", pids, 0) : 0;
    if (result >= 0)
        result = SYS5(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
    if (result >= 0)
        result = SYS3(SYS_fsmount, context, FSMOUNT_CLOEXEC,
                      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    SYS1(SYS_close, context);
    *tree = result;
    return check(CSANDBOX_STEP_SANDBOX_PROC, result);
}

static long allow_writing(int tree) {
    struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};
    return SYS5(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}

// The whole mount is read-only at first: the bind mounts of its parts inherit that, with one call
// each instead of two.
struct failure sandbox_fill_proc(int proc) {
    TRY(check(CSANDBOX_STEP_SANDBOX_PROC, raw_move_mount(proc, AT_FDCWD, "/proc", 0)));
    TRY(check(CSANDBOX_STEP_SANDBOX_PROC, SYS1(SYS_fchdir, proc)));
    TRY(sandbox_mask_proc());
    return check(CSANDBOX_STEP_SANDBOX_PROC, allow_writing(proc));
}

struct failure sandbox_enter_root(void) {
    long proc = -1;
    TRY(sandbox_make_proc(NULL, &proc));
    TRY(check(CSANDBOX_STEP_SANDBOX_ROOT, SYS2(SYS_setns, slot.root.mounts, CLONE_NEWNS)));
    // Together with the mounts on it. It shows the PID namespace of the previous sandbox.
    if (slot.root.has_proc)
        TRY(check(CSANDBOX_STEP_SANDBOX_PROC, SYS2(SYS_umount2, "/proc", MNT_DETACH)));
    TRY(sandbox_fill_proc((int)proc));
    SYS1(SYS_close, proc);
    return slot.plan.flags & CSANDBOX_SLOT_TERMINAL ? sandbox_open_terminal(&slot.terminal)
                                                    : success();
}
