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
    {"/proc/acpi", COVER_FOLDER},       {"/proc/asound", COVER_FOLDER},
    {"/proc/interrupts", COVER_FILE},   {"/proc/kcore", COVER_FILE},
    {"/proc/keys", COVER_FILE},         {"/proc/latency_stats", COVER_FILE},
    {"/proc/sched_debug", COVER_FILE},  {"/proc/scsi", COVER_FOLDER},
    {"/proc/timer_list", COVER_FILE},   {"/proc/timer_stats", COVER_FILE},
    {"/proc/bus", READ_ONLY},           {"/proc/fs", READ_ONLY},
    {"/proc/irq", READ_ONLY},           {"/proc/sys", READ_ONLY},
    {"/proc/sysrq-trigger", READ_ONLY},
};

/// Which of them this kernel has, seen once per slot in its own /proc.
uint32_t masks_present(void) {
    uint32_t present = 0;
    for (uint32_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (access(entries[i].path, F_OK) == 0)
            present |= 1u << i;
    return present;
}

static long apply(const char *path, enum treatment treatment) {
    if (treatment == COVER_FILE)
        return raw_mount("/dev/null", path, NULL, MS_BIND, NULL);
    if (treatment == COVER_FOLDER)
        return raw_mount(EMPTY_FOLDER, path, NULL, MS_BIND, NULL);
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
