// SPDX-License-Identifier: Apache-2.0
// Facts about the host and this gateway's configuration. The supervisor writes them before it starts a spawner; the
// spawner and the slots inherit the memory and only read it.
#pragma once
#include "csandbox_wire.h"
#include <stdbool.h>

struct host {
    struct csandbox_configure configuration;
    /// Rootless: user ids of the namespace around all processes; 1 without a range.
    uint32_t own_ids;
};

static inline bool rootless(const struct host *host) {
    return host->configuration.flags & CSANDBOX_ROOTLESS;
}

/// The file system of the trees has no idmapped mounts: all slots use one range of ids, which the
/// trees have on disk.
static inline bool shares_ids(const struct host *host) {
    return host->configuration.flags & CSANDBOX_SHARED_IDS;
}

/// The id on the host that root of a slot has.
static inline uint32_t first_id_of(const struct host *host, uint32_t index) {
    return host->configuration.id_base + (shares_ids(host) ? 1 : index) * CSANDBOX_IDS_PER_SLOT;
}

/// Every user that an image names has the same id: the host offers no other.
static inline bool single_id(const struct host *host) {
    return rootless(host) && host->own_ids <= 1;
}
