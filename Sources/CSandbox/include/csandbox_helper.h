// SPDX-License-Identifier: Apache-2.0
// Two GNU extensions for starting helper programs with posix_spawn, which Swift's Glibc module does not
// contain.
#pragma once
#include <spawn.h>

/// Creates a pipe with close-on-exec ends. Returns 0 or -errno.
int csandbox_pipe(int ends[2]);

/// Closes every descriptor from `first` on in the new program. Returns 0 or an error number.
int csandbox_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
