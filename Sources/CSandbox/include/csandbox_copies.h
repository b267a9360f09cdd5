// SPDX-License-Identifier: Apache-2.0
/// Copies of files inside the kernel, and two names that change places. The image store drives them.

#pragma once

#include <sys/types.h>

/// Copies up to count bytes at the same place of another file, sharing blocks where the file system can. Gives the
/// number of bytes, 0 at the end, or -errno.
ssize_t csandbox_copy_range(int from, int to, off_t position, size_t count);

/// Finds the next bytes of a file that are no hole, from a position on. Gives where they begin and sets their end;
/// -ENXIO when only a hole follows, another -errno when it fails.
off_t csandbox_next_data(int file, off_t position, off_t *end);

/// Exchanges what two paths of one file system name, in one step. Gives 0 or -errno.
int csandbox_exchange(const char *path, const char *other);
