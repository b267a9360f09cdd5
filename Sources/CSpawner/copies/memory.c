// SPDX-License-Identifier: Apache-2.0
// Mappings that a copy would share with the template and with other copies, or that fork(2) does not copy.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// A line of smaps: some sixty characters and a path.
enum { LINE_BYTES = 4096 + 128 };

// VmFlags is a list of two-letter words (Documentation/filesystems/proc.rst).
static bool has_flag(const char *flags, const char *flag) {
    for (const char *place = strstr(flags, flag); place; place = strstr(place + 1, flag))
        if (place[-1] == ' ' && (place[2] == ' ' || place[2] == '\n' || place[2] == 0))
            return true;
    return false;
}

// "mw": it may become writable, although it is not now. "um", "uw", "ui": a userfaultfd watches it.
static bool is_shared(const char *flags) {
    return (has_flag(flags, "sh") && has_flag(flags, "mw")) || has_flag(flags, "um") ||
           has_flag(flags, "uw") || has_flag(flags, "ui");
}

// The sixth word of a head and what follows; empty without. The program chooses the names of its files, which begin
// with a slash.
static const char *name_of(const char *head) {
    for (int words = 0; words < 5; words++) {
        head += strcspn(head, " \n");
        head += strspn(head, " ");
    }
    return head;
}

// Also memory that fork(2) leaves out. The kernel's own pages ("[vvar]") are made for each process.
static bool is_refused(const char *head, const char *flags) {
    return is_shared(flags) || (has_flag(flags, "dc") && strncmp(name_of(head), "[v", 2) != 0);
}

// The head of a mapping begins with its addresses in lower-case hexadecimal.
static bool is_head(const char *line) {
    size_t digits = strspn(line, "0123456789abcdef");
    return digits > 0 && line[digits] == '-';
}

// asyncio of a Python before 3.12 keeps the process id with its running loop, and has none in a process with another
// one. A copy has.
static bool is_old_asyncio(const char *name) {
    static const char module[] = "/_asyncio.cpython-3";
    const char *found = strstr(name, module);
    return found && strtol(found + sizeof module - 1, NULL, 10) < 12;
}

// Without a name the addresses are named.
static void note_mapping(const char *head) {
    const char *path = name_of(head);
    char name[CSANDBOX_CULPRIT_MAX];
    snprintf(name, sizeof name, "%s", *path == '/' || *path == '[' ? path : head);
    name[strcspn(name, "\n")] = 0;
    facts_culprit(name);
}

static struct failure check_lines(FILE *mappings) {
    char line[LINE_BYTES], head[LINE_BYTES] = "";
    template.number = 0;
    template.has_old_asyncio = false;
    while (fgets(line, sizeof line, mappings)) {
        if (is_head(line)) {
            if (++template.number > TEMPLATE_MAPPINGS_MAX)
                return (struct failure){CSANDBOX_STEP_TEMPLATE_MAPPINGS, E2BIG};
            memcpy(head, line, sizeof head);
            template.has_old_asyncio |= is_old_asyncio(name_of(line));
        } else if (!strncmp(line, "VmFlags:", 8) && is_refused(head, line)) {
            note_mapping(head);
            return (struct failure){CSANDBOX_STEP_TEMPLATE_MEMORY, EBUSY};
        }
    }
    bool is_whole = !ferror(mappings) && template.number > 0;
    return is_whole ? success() : (struct failure){CSANDBOX_STEP_TEMPLATE_MEMORY, EIO};
}

struct failure check_memory(void) {
    char path[64];
    snprintf(path, sizeof path, "%d/smaps", template.process);
    int file = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_MEMORY, file));
    FILE *mappings = fdopen(file, "r");
    if (!mappings) {
        close(file);
        return (struct failure){CSANDBOX_STEP_TEMPLATE_MEMORY, ENOMEM};
    }
    struct failure failure = check_lines(mappings);
    fclose(mappings);
    return failure;
}
