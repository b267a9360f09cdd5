// SPDX-License-Identifier: Apache-2.0
// The user that PID 1 runs as, without capabilities.
#define _GNU_SOURCE
#include "slot.h"
#include "sys.h"
#include <linux/capability.h>

// Whoever reopens /dev/stdout must own it.
static struct failure give_stdio(uint32_t uid, uint32_t gid) {
    for (int i = 0; i < 3; i++)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_fchown, i, uid, gid)));
    return fine();
}

// Inheritable stays empty always (CVE-2022-24769), so nothing comes back with
// execve.
static struct failure drop_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)kept, .permitted = (uint32_t)kept},
        {.effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32)},
    };
    return check(CSANDBOX_STEP_SANDBOX_CAPABILITIES, SYS2(SYS_capset, &header, data));
}

struct failure sandbox_become_user(void) {
    const struct csandbox_make_slot *plan = &slot.plan;
    if (plan->uid != 0)
        TRY(give_stdio(plan->uid, plan->gid));
    if (!single_id())
        TRY(check(CSANDBOX_STEP_SANDBOX_USER,
                  SYS2(SYS_setgroups, plan->group_count, plan->groups)));
    TRY(check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresgid, plan->gid, plan->gid, plan->gid)));
    TRY(check(CSANDBOX_STEP_SANDBOX_USER, SYS3(SYS_setresuid, plan->uid, plan->uid, plan->uid)));
    // Another user than root has lost them with setresuid; only root may keep
    // some.
    TRY(drop_capabilities(plan->uid == 0 ? plan->capabilities : 0));
    TRY(check(CSANDBOX_STEP_SANDBOX_DIRECTORY, SYS1(SYS_chdir, plan->directory)));
    char here[CSANDBOX_DIRECTORY_MAX + 64];
    long size = SYS2(SYS_getcwd, here, sizeof here);
    // A folder outside the root has no absolute name (CVE-2024-21626).
    if (size >= 0 && here[0] != '/')
        size = -ENOENT;
    return check(CSANDBOX_STEP_SANDBOX_DIRECTORY, size);
}
