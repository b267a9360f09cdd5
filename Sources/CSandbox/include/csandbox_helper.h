// SPDX-License-Identifier: Apache-2.0
// Two GNU extensions for starting helper programs with posix_spawn, which Swift does not see.
#pragma once
#include <spawn.h>

/// A pipe whose ends are close-on-exec from the start. Returns 0 or -errno.
int csandbox_pipe(int ends[2]);

/// Lets the new program inherit no descriptor from `first` on. Returns 0 or an error number.
int csandbox_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
