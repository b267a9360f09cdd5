// SPDX-License-Identifier: Apache-2.0
/// Copies of files inside the kernel, and the exchange of two names. ImageStore uses it.

#pragma once

#include <sys/types.h>

/// Copies up to count bytes to the same position of another file, sharing blocks where the file
/// system can. Returns the number of bytes, 0 at the end, or -errno.
ssize_t csandbox_copy_range(int from, int to, off_t position, size_t count);

/// Finds the next bytes of a file that are not in a hole, from a position on. Returns their start
/// and sets their end; -ENXIO when only a hole follows, another -errno after an error.
off_t csandbox_next_data(int file, off_t position, off_t *end);

/// Exchanges two paths of one file system atomically. Returns 0 or -errno.
int csandbox_exchange(const char *path, const char *other);
