// SPDX-License-Identifier: Apache-2.0
// What the spawner gives a slot's process at its birth. The process inherits the spawner's memory, but uses nothing of
// it except this.
#pragma once
#include "host.h"
#include "processes/cgroup.h"

struct slot_seed {
    const struct host *host;
    uint32_t index;
    /// The slot's end of its socket to the spawner.
    int binding;
    int user_namespace;
    /// Begins in the empty network namespace.
    bool rests;
    /// The spawner makes the sandboxes' overlays.
    bool hands_overlays;
    /// -1 where the host has none.
    int empty_network;
    bool empty_network_has_sys;
    struct slot_cgroups cgroups;
};

/// slot.c: the slot process, from its birth to its end.
_Noreturn void slot_main(const struct slot_seed *seed);
