// SPDX-License-Identifier: Apache-2.0
// The process of the spawner: PID 1 of a PID namespace and parent of all slots.
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
    /// Memory of the supervisor, inherited.
    const struct host *host;
    int socket;
    int signals;
    /// Bits of csandbox_feature.
    uint32_t features;
    /// Folders of this gateway in each hierarchy, as in the configuration; -1 where unusable.
    int cgroup_folders[CSANDBOX_CGROUPS_MAX];
    /// Limits of the cgroups by slot index. Most functions have the default limits, and each file
    /// that is not written again saves a blocking system call.
    struct cgroup_limits limits[CSANDBOX_SLOTS_MAX + 1];
    /// The rootfs folder, bound into the private root.
    int rootfs_folder;
    /// The spawner makes the overlays of writable roots, instead of the slots.
    bool makes_overlays;
    /// The network namespace that slots share until their first sandbox is released; -1 where it
    /// cannot be made.
    int empty_network;
    bool empty_network_has_sys;
    struct slot_table table;
    uint32_t spares;
    uint32_t spares_wanted;
    /// The gateway, signals, and the bindings of slots that request overlays.
    struct pollfd sources[2 + CSANDBOX_SLOTS_MAX];
    /// Slot indexes of the sources from the third one on.
    uint32_t watched[CSANDBOX_SLOTS_MAX];
    /// The message that is being handled.
    union spawner_message message;
};
extern struct spawner spawner;

/// Serves the gateway on `socket` until it closes, then ends this process. `rootfs_tree` is a
/// detached mount of the rootfs folder, -1 for the configuration's path.
_Noreturn void spawner_main(const struct host *host, int socket, int rootfs_tree);

/// spawner_slots.c: carries out MAKE_SLOT and reports a failure.
void slot_make(const struct csandbox_make_slot *plan, ssize_t size, const int *received,
               size_t count);
/// spawner_slots.c: starts a spare slot; false when enough exist or no index is free.
bool slot_make_spare(void);
