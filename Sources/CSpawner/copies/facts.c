// SPDX-License-Identifier: Apache-2.0
// Reads what the kernel says about a process. The slot trusts nothing that the process says itself.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

ssize_t facts_read(pid_t process, const char *name, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "%d/%s", process, name);
    int file = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    size_t filled = 0;
    ssize_t part = 0;
    while (filled + 1 < size && (part = read(file, text + filled, size - 1 - filled)) > 0)
        filled += (size_t)part;
    ssize_t result = part < 0 ? -errno : (ssize_t)filled;
    close(file);
    text[filled] = 0;
    return result;
}

// The name of a process is the first line and may contain anything except a line feed.
static const char *value_of(const char *status, const char *key) {
    size_t length = strlen(key);
    for (const char *line = status; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, key, length) && line[length] == ':')
            return line + length + 1;
    }
    return NULL;
}

long facts_number(const char *status, const char *key) {
    const char *value = value_of(status, key);
    return value ? strtol(value, NULL, 10) : -1;
}

bool facts_is_unprivileged(const char *status) {
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        const char *value = value_of(status, sets[i]);
        if (!value || strtoull(value, NULL, 16) != 0)
            return false;
    }
    return facts_number(status, "NoNewPrivs") == 1;
}

// Only printable characters: the function chooses the name, and the gateway logs it.
void facts_culprit(const char *name) {
    size_t size = 0;
    for (; name[size] && size < sizeof template.culprit - 1; size++)
        template.culprit[size] = name[size]<' ' || name[size]> '~' ? '?' : name[size];
    template.culprit[size] = 0;
}

int64_t facts_cost_us(pid_t process) {
    char text[128];
    return facts_read(process, "schedstat", text, sizeof text) > 0 ? strtoll(text, NULL, 10) / 1000
                                                                   : 0;
}

int64_t facts_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
