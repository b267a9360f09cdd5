// SPDX-License-Identifier: Apache-2.0
// Checks of orders before the spawner carries them out (order.c).
#pragma once
#include "host.h"
#include <stddef.h>
#include <sys/types.h>

/// Whether an order for a slot and the number of its descriptors are valid for this host.
bool order_is_valid(const struct host *host, const struct csandbox_make_slot *plan, ssize_t size,
                    size_t count);
