// SPDX-License-Identifier: Apache-2.0
// User namespaces: the one around an ordinary user's helpers, and those of slots.
#pragma once
#include "host.h"
#include "step.h"
#include <sys/types.h>

/// The supervisor's, without privileges over the host: enters a user namespace and fills in
/// host->own_ids.
struct failure own_namespace_enter(struct host *host);

/// The spawner's: a new user namespace for a slot index.
struct failure user_namespace_make(const struct host *host, uint32_t index, int *descriptor);
/// The user namespace of a process, which may have ended but not been reaped; -1 with errno when
/// it cannot be opened or is this process's own.
int user_namespace_of(pid_t pid);
