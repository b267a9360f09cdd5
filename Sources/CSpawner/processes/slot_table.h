// SPDX-License-Identifier: Apache-2.0
// The spawner's slots by their index. An index has cgroups and a range of the host's user ids.
#pragma once
#include "csandbox_wire.h"
#include "host.h"
#include "step.h"
#include <sys/types.h>

struct slot_entry {
    /// The slot's number in messages; 0 while the slot is a spare, UINT32_MAX after its binding
    /// failed and until it is reaped.
    uint32_t id;
    /// 0 while the index is free.
    pid_t pid;
    int binding;
    /// Open while the slot is a spare, and after its end for the next slot of this index, which has
    /// the same id range; -1 otherwise.
    int user_namespace;
    uint64_t disk_bytes;
    /// Count of the cgroup when the last slot ended: the cgroup outlives the slot.
    uint32_t oom_before;
};

struct slot_table {
    struct slot_entry entries[CSANDBOX_SLOTS_MAX + 1];
    /// Highest index that ever had a slot: searches end there.
    uint32_t used;
    /// Free indexes with a user namespace.
    uint32_t kept;
};

/// Must be called before every other function of this file.
void entries_clear(struct slot_table *table);
/// An index without a slot, preferably one that has a user namespace; 0 when all are taken.
uint32_t entry_free(const struct slot_table *table);
/// The index of the slot with this process; 0 where there is none.
uint32_t entry_of(const struct slot_table *table, pid_t pid);

/// Gives a free index a user namespace, unless it has one.
struct failure entry_ensure_namespace(struct slot_table *table, const struct host *host,
                                      uint32_t index);
/// Marks the index as used by a slot, together with its user namespace.
void entry_mark_taken(struct slot_table *table, uint32_t index);
/// Closes the descriptor of a bound slot, which holds the namespace itself.
void entry_close_namespace(struct slot_entry *entry);
/// Keeps the user namespace of a slot whose process has ended and is not reaped yet; closes it when
/// enough are kept.
void entry_keep_namespace(struct slot_table *table, uint32_t index);
