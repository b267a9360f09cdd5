// SPDX-License-Identifier: Apache-2.0
// Epoll sets of a template. A copy would share them with all others, so it makes new ones, with what the kernel
// lists in /proc/PID/fdinfo (Documentation/filesystems/proc.rst).
#define _GNU_SOURCE
#include "copies/copies.h"
#include <stdio.h>
#include <string.h>

/// A set with TEMPLATE_WATCHES_MAX lines of some hundred characters.
enum { SET_BYTES = 4096 };
#define LINE_START "tfd:"

bool epoll_line_parse(const char *line, struct epoll_line *found) {
    unsigned long long data;
    int read = sscanf(line, LINE_START " %d events: %x data: %llx pos:%*d ino:%lx",
                      &found->watch.number, &found->watch.events, &data, &found->inode);
    found->watch.data = data;
    return read == 4 && found->watch.number >= 0;
}

// The number may have been given to another file since; the set still watches the former one.
static bool is_known(const struct epoll_line *line) {
    if (line->watch.number <= 2)
        return line->inode == template.pipes[line->watch.number];
    for (uint32_t i = 0; i < template.descriptor_count; i++) {
        const struct template_descriptor *found = &template.descriptors[i];
        if (found->number == line->watch.number)
            return found->kind != DESCRIPTOR_EPOLL && found->inode == line->inode;
    }
    return false;
}

static bool record(int set, const char *line) {
    struct epoll_line parsed;
    if (!epoll_line_parse(line, &parsed) || !is_known(&parsed) ||
        template.watch_count == TEMPLATE_WATCHES_MAX)
        return false;
    parsed.watch.set = set;
    template.watches[template.watch_count++] = parsed.watch;
    return true;
}

static struct failure record_set(const struct template_descriptor *found) {
    char info[SET_BYTES];
    if (!descriptor_info(found->number, info, sizeof info))
        return descriptor_refuse(found->number, found->path);
    for (const char *line = strstr(info, LINE_START); line; line = strstr(line + 1, LINE_START))
        if (!record(found->number, line))
            return descriptor_refuse(found->number,
                                     "an epoll set with a closed file or another set");
    return success();
}

struct failure epoll_record_all(void) {
    template.watch_count = 0;
    for (uint32_t i = 0; i < template.descriptor_count; i++)
        if (template.descriptors[i].kind == DESCRIPTOR_EPOLL)
            TRY(record_set(&template.descriptors[i]));
    return success();
}

struct failure check_event_loop(void) {
    for (uint32_t i = 0; i < template.descriptor_count; i++)
        if (template.has_old_asyncio && template.descriptors[i].kind == DESCRIPTOR_EPOLL)
            return descriptor_refuse(template.descriptors[i].number,
                                     "asyncio of a Python before 3.12, which keeps its process id");
    return success();
}
