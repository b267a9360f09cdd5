// SPDX-License-Identifier: Apache-2.0
// The gateway's nf_tables table. The supervisor loads and removes it, the spawner looks for it.
#pragma once
#include "csandbox_wire.h"
#include <stdbool.h>

/// Whether this gateway's table is there: 0 or -errno.
long firewall_present(const struct csandbox_configure *configuration);
/// Whether this kernel has nf_tables.
bool firewall_supported(void);
/// Removes the tables that earlier runs of this gateway left.
void firewall_sweep(const struct csandbox_configure *configuration);
/// Removes this run's table.
void firewall_remove(const struct csandbox_configure *configuration);
/// firewall_load.c: runs nft over the gateway's ruleset, unless the table is there. Blocks for
/// LOAD_STEPS_MAX milliseconds at most. Returns 0 or -errno.
long firewall_load(const struct csandbox_configure *configuration, int ruleset);
