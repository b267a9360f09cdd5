// SPDX-License-Identifier: Apache-2.0
// The addresses of other containers in a slot's network namespace.
#pragma once
#include "csandbox_wire.h"
#include "step.h"
#include <stdbool.h>

/// Whether the links of an order are valid.
bool links_are_valid(const struct csandbox_make_slot *plan);
/// Sets up the slot's links in its network namespace, which is new; nothing without links.
struct failure links_up(void);

/// Puts other links in place of those that the running sandbox has; connections stay. Returns 0, or -errno:
/// it has those of before then.
long links_change(const struct csandbox_links_order *order);
