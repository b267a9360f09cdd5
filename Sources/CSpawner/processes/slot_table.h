// SPDX-License-Identifier: Apache-2.0
// The spawner's slots by their index. An index has cgroups and a range of the host's user ids.
#pragma once
#include "csandbox_wire.h"
#include "host.h"
#include "step.h"
#include <sys/types.h>

struct slot_entry {
    /// The gateway's number; 0 while the slot is a spare.
    uint32_t id;
    /// 0 while the index is free.
    pid_t pid;
    int binding;
    /// Held while the slot is a spare, and when it has ended for the next one of
    /// this index, which has the same id range; -1 else.
    int user_namespace;
    uint64_t disk_bytes;
    /// When the last slot ended: its cgroup counts on from one slot to the next.
    uint32_t oom_before;
};

struct slot_table {
    struct slot_entry entries[CSANDBOX_SLOTS_MAX + 1];
    /// Highest index that ever had a slot: searches end there.
    uint32_t used;
    /// Free indexes with a user namespace.
    uint32_t kept;
};

/// To be called before every other function.
void entries_clear(struct slot_table *table);
/// An index without a slot, preferably one that has a user namespace; 0 when all are taken.
uint32_t entry_free(const struct slot_table *table);
/// The index of the slot with this process; 0 where there is none.
uint32_t entry_of(const struct slot_table *table, pid_t pid);

/// A free index has a user namespace after this.
struct failure entry_need_namespace(struct slot_table *table, const struct host *host,
                                    uint32_t index);
/// A slot has it now, with its user namespace.
void entry_is_taken(struct slot_table *table, uint32_t index);
/// A bound slot's is not needed until it ends.
void entry_close_namespace(struct slot_entry *entry);
/// Keeps the user namespace of a slot whose process has ended and is not reaped yet, or closes it.
void entry_keep_namespace(struct slot_table *table, uint32_t index);
