// SPDX-License-Identifier: Apache-2.0
// Changes PID 1, or a process that enters later, to its user and drops capabilities. In a slot that shares
// the empty network namespace, PID 1 also creates the sandbox's own one before execve.
#define _GNU_SOURCE
#include "network/network.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

/// Capabilities for creating a network namespace and its loopback interface.
#define NETWORK_CAPABILITIES (1ull << CAP_SYS_ADMIN | 1ull << CAP_NET_ADMIN)

// A process that reopens /dev/stdout must own the pipe.
static struct failure give_stdio(uint32_t uid, uint32_t gid) {
    for (int i = 0; i < 3; i++)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_fchown, i, uid, gid)));
    return success();
}

// The inheritable set is always empty (CVE-2022-24769), so execve adds nothing.
static struct failure set_capabilities(uint64_t permitted, uint64_t effective) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
        {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(permitted >> 32)},
    };
    return check(CSANDBOX_STEP_SANDBOX_CAPABILITIES, SYS2(SYS_capset, &header, data));
}

// The change of ids clears all capabilities of another user than root.
static uint64_t capabilities_of(uint32_t uid) { return uid == 0 ? slot.plan.capabilities : 0; }

// The user id changes last: the other changes need the capabilities that end with it.
static struct failure set_ids(const struct container_user *user) {
    if (user->uid != 0)
        TRY(give_stdio(user->uid, user->gid));
    if (!single_id(slot.host))
        TRY(check(CSANDBOX_STEP_SANDBOX_USER,
                  SYS2(SYS_setgroups, user->group_count, user->groups)));
    TRY(check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresgid, user->gid, user->gid, user->gid)));
    // With a saved id of 0 the permitted capabilities stay, while none is effective.
    uint32_t saved = user->makes_network ? 0 : user->uid;
    return check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresuid, user->uid, user->uid, saved));
}

// To enter a user namespace gives every capability over it, with an empty bounding set and no
// secure bits: what a copy gave up is given up again.
struct failure drop_entered_capabilities(void) {
    unsigned long bits = SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED |
                         SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
    TRY(check(CSANDBOX_STEP_SLOT_BOUNDING, SYS5(SYS_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0)));
    for (int number = 0; SYS5(SYS_prctl, PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        TRY(check(CSANDBOX_STEP_SLOT_BOUNDING, SYS5(SYS_prctl, PR_CAPBSET_DROP, number, 0, 0, 0)));
    return success();
}

// Follows symbolic links of the image, but no magic links of /proc: they could name a file that
// only this process has.
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
    // The path of a folder outside the root is not absolute (CVE-2024-21626).
    if (size >= 0 && here[0] != '/')
        size = -ENOENT;
    return check(CSANDBOX_STEP_SANDBOX_DIRECTORY, size);
}

static bool is_denied(struct failure failure) {
    return failed(failure) && (failure.error == EACCES || failure.error == EPERM);
}

// Tries the working directory before and after the change of user, as runc does: the user may lack
// access to it, or only the user may have access.
struct failure become_container_user(const struct container_user *user) {
    struct failure entered = enter_directory(user->directory);
    if (failed(entered) && !is_denied(entered))
        return entered;
    // The slot already runs as root without groups.
    if (user->uid != 0 || user->gid != 0 || user->group_count != 0)
        TRY(set_ids(user));
    uint64_t kept = capabilities_of(user->uid);
    TRY(set_capabilities(user->makes_network ? kept | NETWORK_CAPABILITIES : kept, kept));
    return is_denied(entered) ? enter_directory(user->directory) : success();
}

struct failure sandbox_become_user(void) {
    const struct csandbox_make_slot *plan = &slot.plan;
    const struct container_user user = {
        .uid = plan->uid,
        .gid = plan->gid,
        .group_count = plan->group_count,
        .groups = plan->groups,
        .directory = plan->directory,
        .makes_network = slot.shares_empty_network,
    };
    return become_container_user(&user);
}

// In the reverse order of sandbox_become_user: capabilities become effective, the namespace is
// created, the saved id is given up, which clears the capabilities of another user than root, and
// the parent-death signal is set again, which the change of ids has cleared.
struct failure sandbox_leave_empty_network(void) {
    if (!slot.shares_empty_network)
        return success();
    uint64_t kept = capabilities_of(slot.plan.uid);
    TRY(set_capabilities(kept | NETWORK_CAPABILITIES, kept | NETWORK_CAPABILITIES));
    TRY(check(CSANDBOX_STEP_SANDBOX_NETWORK, SYS1(SYS_unshare, CLONE_NEWNET)));
    TRY(loopback_up());
    uint32_t uid = slot.plan.uid;
    TRY(check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresuid, uid, uid, uid)));
    TRY(set_capabilities(kept, kept));
    return check(CSANDBOX_STEP_SANDBOX_SESSION, SYS2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL));
}
