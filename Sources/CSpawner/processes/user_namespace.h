// SPDX-License-Identifier: Apache-2.0
// User namespaces: the one around an ordinary user's helpers, and those of slots.
#pragma once
#include "host.h"
#include "step.h"
#include <sys/types.h>

/// The supervisor calls it, without privileges over the host: enters a user namespace and sets
/// host->own_ids.
struct failure own_namespace_enter(struct host *host);

/// The spawner calls it: creates the user namespace of a slot index.
struct failure user_namespace_make(const struct host *host, uint32_t index, int *descriptor);
/// Whether a process without privileges can make a user namespace in this one, as the template of a slot does for
/// each copy. Some hosts forbid it.
bool user_namespace_nests(int user_namespace);
/// Opens the user namespace of a process that runs, or has ended and is not reaped yet. Returns -1
/// with errno when that fails or the namespace is this process's own.
int user_namespace_of(pid_t pid);
