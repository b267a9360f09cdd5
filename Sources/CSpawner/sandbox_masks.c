// SPDX-License-Identifier: Apache-2.0
// What of /proc a container may not read or write: Docker's lists (moby,
// daemon/pkg/oci/defaults.go).
#define _GNU_SOURCE
#include "mounts.h"
#include "slot.h"
#include <unistd.h>

enum treatment { COVER_FILE, COVER_FOLDER, READ_ONLY };

static const struct {
    const char *path;
    enum treatment treatment;
} entries[] = {
    {"/n/proc/acpi", COVER_FOLDER},       {"/n/proc/asound", COVER_FOLDER},
    {"/n/proc/interrupts", COVER_FILE},   {"/n/proc/kcore", COVER_FILE},
    {"/n/proc/keys", COVER_FILE},         {"/n/proc/latency_stats", COVER_FILE},
    {"/n/proc/sched_debug", COVER_FILE},  {"/n/proc/scsi", COVER_FOLDER},
    {"/n/proc/timer_list", COVER_FILE},   {"/n/proc/timer_stats", COVER_FILE},
    {"/n/proc/bus", READ_ONLY},           {"/n/proc/fs", READ_ONLY},
    {"/n/proc/irq", READ_ONLY},           {"/n/proc/sys", READ_ONLY},
    {"/n/proc/sysrq-trigger", READ_ONLY},
};

/// Which of them this kernel has, seen once per slot in its own /proc: "/n" is
/// skipped.
uint32_t masks_present(void) {
    uint32_t present = 0;
    for (uint32_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (access(entries[i].path + 2, F_OK) == 0)
            present |= 1u << i;
    return present;
}

static long apply(const char *path, enum treatment treatment) {
    if (treatment == COVER_FILE)
        return raw_mount("/n/dev/null", path, NULL, MS_BIND, NULL);
    if (treatment == COVER_FOLDER)
        return raw_mount("/e", path, NULL, MS_BIND, NULL);
    long result = raw_mount(path, path, NULL, MS_BIND, NULL);
    if (result < 0)
        return result;
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    return raw_mount(NULL, path, NULL, flags, NULL);
}

struct failure sandbox_mask_proc(void) {
    for (uint32_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (slot.masks >> i & 1)
            TRY(check(CSANDBOX_STEP_SANDBOX_MASKS, apply(entries[i].path, entries[i].treatment)));
    return fine();
}
