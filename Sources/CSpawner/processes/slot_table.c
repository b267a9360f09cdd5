// SPDX-License-Identifier: Apache-2.0
// Finds free indexes, and keeps the user namespaces of some of them.
#define _GNU_SOURCE
#include "processes/slot_table.h"
#include "processes/user_namespace.h"
#include <unistd.h>

/// User namespaces of ended slots that are kept for the next slots: each saves the process that
/// would create a new one. The number is bounded because every descriptor of the spawner is copied
/// into each new slot and closed there.
enum { NAMESPACES_KEPT_MAX = 64 };

void entries_clear(struct slot_table *table) {
    for (uint32_t i = 0; i <= CSANDBOX_SLOTS_MAX; i++)
        table->entries[i] = (struct slot_entry){.binding = -1, .user_namespace = -1};
}

uint32_t entry_free(const struct slot_table *table) {
    uint32_t without = table->used < CSANDBOX_SLOTS_MAX ? table->used + 1 : 0;
    for (uint32_t i = table->used; i >= 1; i--) {
        if (table->entries[i].pid == 0 && table->entries[i].user_namespace >= 0)
            return i;
        if (table->entries[i].pid == 0)
            without = i;
    }
    return without;
}

uint32_t entry_of(const struct slot_table *table, pid_t pid) {
    for (uint32_t i = 1; i <= table->used; i++)
        if (table->entries[i].pid == pid)
            return i;
    return 0;
}

struct failure entry_ensure_namespace(struct slot_table *table, const struct host *host,
                                      uint32_t index) {
    if (index > table->used)
        table->used = index;
    if (table->entries[index].user_namespace >= 0)
        return success();
    TRY(user_namespace_make(host, index, &table->entries[index].user_namespace));
    table->kept++;
    return success();
}

void entry_mark_taken(struct slot_table *table, uint32_t index) {
    if (table->entries[index].user_namespace >= 0)
        table->kept--;
}

void entry_close_namespace(struct slot_entry *entry) {
    if (entry->user_namespace >= 0)
        close(entry->user_namespace);
    entry->user_namespace = -1;
}

void entry_keep_namespace(struct slot_table *table, uint32_t index) {
    struct slot_entry *entry = &table->entries[index];
    if (table->kept >= NAMESPACES_KEPT_MAX)
        entry_close_namespace(entry);
    else if (entry->user_namespace < 0)
        // When this fails, the next slot of the index gets a new one.
        entry->user_namespace = user_namespace_of(entry->pid);
    if (entry->user_namespace >= 0)
        table->kept++;
}
