// SPDX-License-Identifier: Apache-2.0
// Whether a sandbox has used the network namespace that it was lent. What goes over loopback
// leaves connections that end a minute later, and counters, which the next one would find; the
// device's own counters tell of both.
#define _GNU_SOURCE
#include "slot.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/// Two lines of names, and one for loopback.
enum { COUNTERS_BYTES = 512 };

static int file = -1;
static char remembered[COUNTERS_BYTES];

static ssize_t read_counters(char *text) {
    memset(text, 0, COUNTERS_BYTES);
    return pread(file, text, COUNTERS_BYTES, 0);
}

struct failure network_remember(void) {
    // An open file keeps the namespace that it is of.
    if (file >= 0)
        close(file);
    file = openat(slot.proc, "self/net/dev", O_RDONLY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_SLOT_LOOPBACK, file));
    return check_errno(CSANDBOX_STEP_SLOT_LOOPBACK, read_counters(remembered));
}

bool network_is_untouched(void) {
    char now[COUNTERS_BYTES];
    return file < 0 || (read_counters(now) > 0 && memcmp(now, remembered, sizeof now) == 0);
}
