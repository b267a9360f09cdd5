// SPDX-License-Identifier: Apache-2.0
// /sys of one network namespace, read-only, without the host's firmware, power and temperature data.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/mounts.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Most processors that Linux can be built for; the search ends at the first that is missing.
enum { PROCESSORS_MAX = 8192 };
enum { PLACE_MAX = 128 };
#define SYS_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

// Calls `treat` for every path below `folder` that functions may not see.
static struct failure for_each_hidden(const char *folder, const char *other,
                                      struct failure (*treat)(const char *, const char *,
                                                              const char *)) {
    TRY(treat(folder, "firmware", other));
    TRY(treat(folder, "devices/virtual/powercap", other));
    for (int cpu = 0; cpu < PROCESSORS_MAX; cpu++) {
        char path[PLACE_MAX], name[PLACE_MAX];
        snprintf(path, sizeof path, "%s/devices/system/cpu/cpu%d", folder, cpu);
        if (access(path, F_OK) != 0)
            break;
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/thermal_throttle", cpu);
        TRY(treat(folder, name, other));
    }
    return success();
}

static struct failure cover(const char *folder, const char *name, const char *empty) {
    char path[2 * PLACE_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) != 0)
        return success();
    return check(CSANDBOX_STEP_SLOT_SYS, raw_mount(empty, path, NULL, MS_BIND, NULL));
}

struct failure mount_masked_sys(const char *folder, const char *empty, bool *is_mounted) {
    // Some hosts, such as a container around Mayfly, hide /sys; few programs in functions need it.
    *is_mounted = raw_mount("sysfs", folder, "sysfs", SYS_FLAGS, NULL) == 0;
    return *is_mounted ? for_each_hidden(folder, empty, cover) : success();
}

// Creates a whiteout (a node 0:0), which removes a path from an overlay, and the folders to it. A
// bind mount would not do: an overlay does not show mounts on its lower folders.
static struct failure white_out(const char *folder, const char *name, const char *whiteouts) {
    char path[2 * PLACE_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) != 0)
        return success();
    snprintf(path, sizeof path, "%s/%s", whiteouts, name);
    for (char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
        *end = 0;
        int result = mkdir(path, 0755);
        *end = '/';
        if (result < 0 && errno != EEXIST)
            return check_errno(CSANDBOX_STEP_SLOT_SYS, -1);
    }
    return check_errno(CSANDBOX_STEP_SLOT_SYS, mknod(path, S_IFCHR, 0));
}

struct failure empty_network_sys_make(bool *is_mounted) {
    *is_mounted = raw_mount("sysfs", EMPTY_NETWORK_SYS, "sysfs", SYS_FLAGS, NULL) == 0;
    if (!*is_mounted)
        return success();
    TRY(for_each_hidden(EMPTY_NETWORK_SYS, SYS_WHITEOUTS, white_out));
    // Where the overlay cannot be mounted, functions have no /sys. The trial here decides it once
    // for all slots.
    *is_mounted = !failed(empty_network_sys_mount("/stage/root"));
    return *is_mounted ? check(CSANDBOX_STEP_SLOT_SYS, SYS2(SYS_umount2, "/stage/root", MNT_DETACH))
                       : success();
}

// To be called in the slot's user namespace: an overlay opens files with the credentials of its
// mounter.
struct failure empty_network_sys_mount(const char *folder) {
    return check(CSANDBOX_STEP_SLOT_SYS,
                 raw_mount("overlay", folder, "overlay", SYS_FLAGS,
                           "lowerdir=" SYS_WHITEOUTS ":" EMPTY_NETWORK_SYS ",userxattr"));
}
