// SPDX-License-Identifier: Apache-2.0
// Checks of orders before a process carries them out (order.c).
#pragma once
#include "host.h"
#include <stddef.h>
#include <sys/types.h>

/// Whether `bytes`, of which there are CSANDBOX_PATH_MAX, hold an absolute path.
bool path_is_valid(const char *bytes);
/// Whether a CONFIGURE is valid, for the supervisor and for what the warden pins.
bool configuration_is_valid(const struct csandbox_configure *configuration, ssize_t size);
/// Whether an order for a slot and the number of its descriptors are valid for this host.
bool order_is_valid(const struct host *host, const struct csandbox_make_slot *plan, ssize_t size,
                    size_t count);
