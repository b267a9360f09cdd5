// SPDX-License-Identifier: Apache-2.0
// Paths of /proc that a container may not read or may not write: Docker's lists (moby,
// daemon/pkg/oci/defaults.go).
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/sandbox.h"
#include <unistd.h>

enum treatment { COVER_FILE, COVER_FOLDER, READ_ONLY };

static const struct {
    const char *path;
    enum treatment treatment;
} entries[] = {
    {"acpi", COVER_FOLDER},      {"asound", COVER_FOLDER}, {"interrupts", COVER_FILE},
    {"kcore", COVER_FILE},       {"keys", COVER_FILE},     {"latency_stats", COVER_FILE},
    {"sched_debug", COVER_FILE}, {"scsi", COVER_FOLDER},   {"timer_list", COVER_FILE},
    {"timer_stats", COVER_FILE}, {"bus", READ_ONLY},       {"fs", READ_ONLY},
    {"irq", READ_ONLY},          {"sys", READ_ONLY},       {"sysrq-trigger", READ_ONLY},
};

/// Checks once per slot, in its own /proc, which paths this kernel has.
uint32_t masks_present(void) {
    uint32_t present = 0;
    for (uint32_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (faccessat(slot.proc, entries[i].path, F_OK, 0) == 0)
            present |= 1u << i;
    return present;
}

// The working directory is the sandbox's /proc. It is still read-only, and its bind mounts inherit
// that.
static long apply(const char *path, enum treatment treatment) {
    const char *source = treatment == COVER_FILE     ? "/dev/null"
                         : treatment == COVER_FOLDER ? EMPTY_FOLDER
                                                     : path;
    return raw_mount(source, path, NULL, MS_BIND, NULL);
}

struct failure sandbox_mask_proc(void) {
    for (uint32_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (slot.masks >> i & 1)
            TRY(check(CSANDBOX_STEP_SANDBOX_MASKS, apply(entries[i].path, entries[i].treatment)));
    return success();
}
