// SPDX-License-Identifier: Apache-2.0
// /sys as functions may see it: of one network namespace, read-only, what tells
// of the host's firmware and power covered.
#define _GNU_SOURCE
#include "mounts.h"
#include "spawner.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/// As many as Linux can be built for; the first that is missing ends the search.
enum { PROCESSORS_MAX = 8192 };

static struct failure cover(const char *folder, const char *name, const char *empty) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (access(path, F_OK) != 0)
        return fine();
    return check(CSANDBOX_STEP_SLOT_TEMPLATE, raw_mount(empty, path, NULL, MS_BIND, NULL));
}

struct failure mount_masked_sys(const char *folder, const char *empty, bool *is_mounted) {
    unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    // Some hosts (a container around us) hide /sys; programs in functions hardly
    // miss it.
    *is_mounted = raw_mount("sysfs", folder, "sysfs", flags, NULL) == 0;
    if (!*is_mounted)
        return fine();
    TRY(cover(folder, "firmware", empty));
    TRY(cover(folder, "devices/virtual/powercap", empty));
    for (int cpu = 0; cpu < PROCESSORS_MAX; cpu++) {
        char path[128];
        snprintf(path, sizeof path, "%s/devices/system/cpu/cpu%d", folder, cpu);
        if (access(path, F_OK) != 0)
            break;
        TRY(cover(path, "thermal_throttle", empty));
    }
    return fine();
}
