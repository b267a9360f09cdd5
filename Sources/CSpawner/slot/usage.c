// SPDX-License-Identifier: Apache-2.0
// Processor time of a running process; wait4(2) has it for ended ones.
#define _GNU_SOURCE
#include "slot/slot.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/// A line of /proc/PID/stat: 52 numbers and a name of 15 bytes.
enum { STAT_BYTES = 1536 };

// The process name is in parentheses and may contain any byte, so the search for its end starts at
// the end of the line.
struct cpu_times cpu_times_of(pid_t pid) {
    struct cpu_times none = {0, 0};
    char path[64], text[STAT_BYTES];
    snprintf(path, sizeof path, "%d/stat", pid);
    int file = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return none;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size <= 0)
        return none;
    text[size] = 0;
    const char *end = strrchr(text, ')');
    long user, system, children_user, children_system;
    if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld",
                       &user, &system, &children_user, &children_system) != 4)
        return none;
    int64_t tick_us = 1000000 / sysconf(_SC_CLK_TCK);
    return (struct cpu_times){(user + children_user) * tick_us,
                              (system + children_system) * tick_us};
}
