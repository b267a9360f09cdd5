// SPDX-License-Identifier: Apache-2.0
// What the spawner passes to a new slot process. The process inherits the spawner's memory, and reads nothing
// of it except this.
#pragma once
#include "host.h"
#include "processes/cgroup.h"

struct slot_seed {
    const struct host *host;
    uint32_t index;
    /// The slot's end of its socket to the spawner.
    int binding;
    int user_namespace;
    /// The slot starts in the empty network namespace.
    bool shares_empty_network;
    /// The spawner makes the overlays of writable roots.
    bool makes_overlays;
    /// -1 where the host has none.
    int empty_network;
    bool empty_network_has_sys;
    struct slot_cgroups cgroups;
};

/// slot.c: runs the slot process until its end.
_Noreturn void slot_main(const struct slot_seed *seed);
