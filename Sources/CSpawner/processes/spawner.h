// SPDX-License-Identifier: Apache-2.0
// The spawner's process: PID 1 of a PID namespace, parent of all slots.
#pragma once
#include "host.h"
#include "processes/cgroup.h"
#include "processes/slot_table.h"
#include <poll.h>

union spawner_message {
    struct csandbox_header header;
    struct csandbox_make_slot make_slot;
    struct csandbox_command command;
};

/// All state of the spawner's process. It owns the slots' processes, their cgroups and user
/// namespaces, and the mounts and the empty network namespace that slots copy or enter. Slots
/// inherit the memory; they read only what their seed points to.
struct spawner {
    /// The supervisor's, inherited.
    const struct host *host;
    int socket;
    int signals;
    /// Bits of csandbox_feature.
    uint32_t features;
    /// Folders of this gateway in each hierarchy, as in the configuration; -1 where unusable.
    int cgroup_folders[CSANDBOX_CGROUPS_MAX];
    /// By index: most functions have the defaults, and each file that need not be written saves a
    /// call that waits.
    struct cgroup_limits limits[CSANDBOX_SLOTS_MAX + 1];
    /// The private root's bind of the rootfs folder.
    int rootfs_folder;
    /// Whether the spawner makes the sandboxes' overlays, not they themselves.
    bool hands_overlays;
    /// The network namespace that slots share until their first sandbox is released; -1 where it
    /// cannot be made.
    int empty_network;
    bool empty_network_has_sys;
    struct slot_table table;
    uint32_t spares;
    uint32_t spares_wanted;
    /// Gateway, signals, and the slots whose sandboxes ask for overlays.
    struct pollfd sources[2 + CSANDBOX_SLOTS_MAX];
    /// The slots' indexes, from the third source on.
    uint32_t watched[CSANDBOX_SLOTS_MAX];
    /// The message that is being handled.
    union spawner_message message;
};
extern struct spawner spawner;

/// Serves the gateway on `socket` until it closes, then ends this process. `rootfs_tree` is a
/// detached mount of the rootfs folder, -1 for the configuration's path.
_Noreturn void spawner_main(const struct host *host, int socket, int rootfs_tree);

/// spawner_slots.c: carries out MAKE_SLOT, or reports its failure.
void slot_make(const struct csandbox_make_slot *plan, ssize_t size, const int *received,
               size_t count);
/// spawner_slots.c: starts a slot ahead of demand; false when no more are wanted or possible.
bool slot_make_spare(void);
