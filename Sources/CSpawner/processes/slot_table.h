// SPDX-License-Identifier: Apache-2.0
// The spawner's slots by their index, which stands for cgroups and ids of the host.
#pragma once
#include "csandbox_wire.h"
#include "step.h"
#include <sys/types.h>

struct entry {
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

extern struct entry entries[CSANDBOX_SLOTS_MAX + 1];
/// Highest index that ever had a slot: none needs to be looked for above.
extern uint32_t entries_used;

/// To be called before everything else.
void entries_clear(void);
/// An index without a slot, rather one that has a user namespace; 0 where none is left.
uint32_t entry_free(void);
/// The index of the slot with this process; 0 where there is none.
uint32_t entry_of(pid_t pid);

/// A free index has a user namespace after this.
struct failure entry_need_namespace(uint32_t index);
/// A slot has it now, with its user namespace.
void entry_is_taken(uint32_t index);
/// A bound slot's is not needed until it ends.
void entry_close_namespace(struct entry *entry);
/// Keeps the user namespace of a slot whose process has ended and is not reaped yet, or lets it go.
void entry_keep_namespace(struct entry *entry);
