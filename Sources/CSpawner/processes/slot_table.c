// SPDX-License-Identifier: Apache-2.0
// Which index is free, and the user namespaces of those that are.
#define _GNU_SOURCE
#include "processes/slot_table.h"
#include "processes/spawner.h"
#include <unistd.h>

/// User namespaces of slots that ended, kept for the next ones, which spares a
/// process for each. No more: every descriptor is copied for each new slot and
/// closed there again.
enum { NAMESPACES_KEPT_MAX = 64 };
struct entry entries[CSANDBOX_SLOTS_MAX + 1];
uint32_t entries_used;
/// Free indexes with a user namespace.
static uint32_t kept;

void entries_clear(void) {
    for (uint32_t i = 0; i <= CSANDBOX_SLOTS_MAX; i++)
        entries[i] = (struct entry){.binding = -1, .user_namespace = -1};
}

uint32_t entry_free(void) {
    uint32_t without = entries_used < CSANDBOX_SLOTS_MAX ? entries_used + 1 : 0;
    for (uint32_t i = entries_used; i >= 1; i--) {
        if (entries[i].pid == 0 && entries[i].user_namespace >= 0)
            return i;
        if (entries[i].pid == 0)
            without = i;
    }
    return without;
}

uint32_t entry_of(pid_t pid) {
    for (uint32_t i = 1; i <= entries_used; i++)
        if (entries[i].pid == pid)
            return i;
    return 0;
}

struct failure entry_need_namespace(uint32_t index) {
    if (index > entries_used)
        entries_used = index;
    if (entries[index].user_namespace >= 0)
        return fine();
    TRY(user_namespace_make(index, &entries[index].user_namespace));
    kept++;
    return fine();
}

void entry_is_taken(uint32_t index) {
    if (entries[index].user_namespace >= 0)
        kept--;
}

void entry_close_namespace(struct entry *entry) {
    if (entry->user_namespace >= 0)
        close(entry->user_namespace);
    entry->user_namespace = -1;
}

void entry_keep_namespace(struct entry *entry) {
    if (kept >= NAMESPACES_KEPT_MAX)
        entry_close_namespace(entry);
    else if (entry->user_namespace < 0)
        // Whose cannot be had gets a new one.
        entry->user_namespace = user_namespace_of(entry->pid);
    if (entry->user_namespace >= 0)
        kept++;
}
