// SPDX-License-Identifier: Apache-2.0
// The user that PID 1 runs as, without capabilities; and how one in a slot that
// rests comes to its network namespace before it executes anything.
#define _GNU_SOURCE
#include "network/network.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

/// What making a network namespace and setting its loopback up take.
#define NETWORK_CAPABILITIES (1ull << CAP_SYS_ADMIN | 1ull << CAP_NET_ADMIN)

// Whoever reopens /dev/stdout must own it.
static struct failure give_stdio(uint32_t uid, uint32_t gid) {
    for (int i = 0; i < 3; i++)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_fchown, i, uid, gid)));
    return fine();
}

// Inheritable stays empty always (CVE-2022-24769), so nothing comes back with
// execve.
static struct failure set_capabilities(uint64_t permitted, uint64_t effective) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
        {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(permitted >> 32)},
    };
    return check(CSANDBOX_STEP_SANDBOX_CAPABILITIES, SYS2(SYS_capset, &header, data));
}

// Another user than root loses them with its user id; only root may keep some.
static uint64_t capabilities_kept(void) { return slot.plan.uid == 0 ? slot.plan.capabilities : 0; }

static struct failure set_ids(const struct csandbox_make_slot *plan) {
    if (plan->uid != 0)
        TRY(give_stdio(plan->uid, plan->gid));
    if (!single_id(slot.host))
        TRY(check(CSANDBOX_STEP_SANDBOX_USER,
                  SYS2(SYS_setgroups, plan->group_count, plan->groups)));
    TRY(check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresgid, plan->gid, plan->gid, plan->gid)));
    // A saved id of 0 leaves the permitted ones to this process; effective are
    // none of them, here and while it waits.
    uint32_t saved = slot.rests ? 0 : plan->uid;
    return check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresuid, plan->uid, plan->uid, saved));
}

// Links of the image lead where they lead, those of /proc nowhere: they could name what only
// this process has.
static struct failure enter_directory(const char *path) {
    if (path[0] == '/' && path[1] == 0)
        return check(CSANDBOX_STEP_SANDBOX_DIRECTORY, SYS1(SYS_chdir, path));
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_MAGICLINKS};
    long folder = SYS4(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    TRY(check(CSANDBOX_STEP_SANDBOX_DIRECTORY, folder));
    long result = SYS1(SYS_fchdir, folder);
    SYS1(SYS_close, folder);
    TRY(check(CSANDBOX_STEP_SANDBOX_DIRECTORY, result));
    char here[CSANDBOX_DIRECTORY_MAX + 64];
    long size = SYS2(SYS_getcwd, here, sizeof here);
    // A folder outside the root has no absolute name (CVE-2024-21626).
    if (size >= 0 && here[0] != '/')
        size = -ENOENT;
    return check(CSANDBOX_STEP_SANDBOX_DIRECTORY, size);
}

static bool is_denied(struct failure failure) {
    return failed(failure) && (failure.error == EACCES || failure.error == EPERM);
}

// As Docker's runtime: a folder that is closed to the user can be where it starts, and one that is
// closed to the container's root may be open to the user.
struct failure sandbox_become_user(void) {
    const struct csandbox_make_slot *plan = &slot.plan;
    struct failure entered = enter_directory(plan->directory);
    if (failed(entered) && !is_denied(entered))
        return entered;
    // Root without groups is who the slot is.
    if (plan->uid != 0 || plan->gid != 0 || plan->group_count != 0)
        TRY(set_ids(plan));
    uint64_t kept = capabilities_kept();
    TRY(set_capabilities(slot.rests ? kept | NETWORK_CAPABILITIES : kept, kept));
    return is_denied(entered) ? enter_directory(plan->directory) : fine();
}

// The reverse order of what was kept: last of all goes the way back to id 0, and
// with it, as without rest, every capability of another user than root.
struct failure sandbox_leave_rest(void) {
    if (!slot.rests)
        return fine();
    uint64_t kept = capabilities_kept();
    TRY(set_capabilities(kept | NETWORK_CAPABILITIES, kept | NETWORK_CAPABILITIES));
    TRY(check(CSANDBOX_STEP_SANDBOX_NETWORK, SYS1(SYS_unshare, CLONE_NEWNET)));
    TRY(loopback_up());
    uint32_t uid = slot.plan.uid;
    TRY(check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresuid, uid, uid, uid)));
    TRY(set_capabilities(kept, kept));
    return check(CSANDBOX_STEP_SANDBOX_SESSION, SYS2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL));
}
