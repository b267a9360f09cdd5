// SPDX-License-Identifier: Apache-2.0
// /sys as functions may see it: of one network namespace, read-only, what tells
// of the host's firmware and power covered or left out.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/mounts.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// As many as Linux can be built for; the first that is missing ends the search.
enum { PROCESSORS_MAX = 8192 };
enum { PLACE_MAX = 128 };
#define SYS_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

// Calls `treat` for all that may not be seen below `folder`.
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
    return fine();
}

static struct failure cover(const char *folder, const char *name, const char *empty) {
    char path[2 * PLACE_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) != 0)
        return fine();
    return check(CSANDBOX_STEP_SLOT_SYS, raw_mount(empty, path, NULL, MS_BIND, NULL));
}

struct failure mount_masked_sys(const char *folder, const char *empty, bool *is_mounted) {
    // Some hosts (a container around us) hide /sys; programs in functions hardly
    // miss it.
    *is_mounted = raw_mount("sysfs", folder, "sysfs", SYS_FLAGS, NULL) == 0;
    return *is_mounted ? for_each_hidden(folder, empty, cover) : fine();
}

// What an overlay takes for removed (a node 0:0), with the folders that lead there. Covers would
// not do: an overlay shows nothing of what is mounted on its lower folders.
static struct failure white_out(const char *folder, const char *name, const char *whiteouts) {
    char path[2 * PLACE_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) != 0)
        return fine();
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
        return fine();
    TRY(for_each_hidden(EMPTY_NETWORK_SYS, SYS_WHITEOUTS, white_out));
    // Where it cannot be done functions have no /sys.
    *is_mounted = !failed(empty_network_sys_lay("/stage/n"));
    return *is_mounted ? check(CSANDBOX_STEP_SLOT_SYS, SYS2(SYS_umount2, "/stage/n", MNT_DETACH))
                       : fine();
}

// In the slot's own user namespace: files are opened with the rights of who mounts.
struct failure empty_network_sys_lay(const char *folder) {
    return check(CSANDBOX_STEP_SLOT_SYS,
                 raw_mount("overlay", folder, "overlay", SYS_FLAGS,
                           "lowerdir=" SYS_WHITEOUTS ":" EMPTY_NETWORK_SYS ",userxattr"));
}
