// SPDX-License-Identifier: Apache-2.0
// Wrappers of functions that glibc declares only with _GNU_SOURCE. Registry uses them for credential
// helper programs.
#define _GNU_SOURCE
#include "csandbox_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int csandbox_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int csandbox_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
