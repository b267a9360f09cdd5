// SPDX-License-Identifier: Apache-2.0
// Cgroups of this gateway and of its slots. The supervisor removes them, the spawner creates and limits them, a slot
// enters its own.
#pragma once
#include "csandbox_wire.h"
#include "step.h"
#include <stdbool.h>

/// A slot's files in each hierarchy; -1 where there is none.
struct slot_cgroups {
    int tasks[CSANDBOX_CGROUPS_MAX];
    int v2_folder;
    int oom_counter;
    int pids_counter;
    /// How many processes and threads are in the slot's cgroup.
    int pids_current;
    /// What it uses now, and which processes.
    int memory_usage;
    int process_list;
};

/// What the cgroups of one slot index are limited to.
struct cgroup_limits {
    bool are_set;
    /// All processes in it are stopped, or were when they ended.
    bool is_frozen;
    uint32_t cpu_millicores;
    uint64_t memory_bytes;
    uint32_t pids;
};

/// The spawner calls it once: opens or creates the folders of the configuration, and adds their
/// features to spawner.features.
struct failure cgroups_open(void);
/// The spawner calls both for each slot index: the first creates and opens its folders, the second
/// sets its limits.
struct failure cgroups_prepare(uint32_t index, struct slot_cgroups *cgroups);
struct failure cgroups_limit(uint32_t index, const struct csandbox_make_slot *plan);
/// Processes of this index that the memory limit has killed, over all of its slots.
uint32_t cgroups_oom_kills_of(uint32_t index);

/// Stops or continues all processes of a slot.
struct failure cgroups_freeze(uint32_t index, bool freezes);

/// A slot calls it for itself: moves this process into the cgroups.
struct failure cgroups_enter(const struct slot_cgroups *cgroups);
void cgroups_close(struct slot_cgroups *cgroups);
uint32_t cgroups_oom_kills(const struct slot_cgroups *cgroups);
/// Number of forks that the process limit has refused.
uint32_t cgroups_pids_refused(const struct slot_cgroups *cgroups);

/// Number of processes and threads in the slot's cgroup, zombies included; 0 when it cannot be read.
uint32_t cgroups_pids_now(const struct slot_cgroups *cgroups);

/// The supervisor calls it before it waits for the spawner's end: continues what is frozen.
void cgroups_thaw(const struct csandbox_configure *configuration);

/// Supervisor and warden call it: removes every folder of the configuration. Blocks while processes
/// in them are dying, at most two seconds for each folder.
void cgroups_sweep(const struct csandbox_configure *configuration);
