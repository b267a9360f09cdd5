// SPDX-License-Identifier: Apache-2.0
// copy_file_range, SEEK_DATA and renameat2, which Swift does not see.

#define _GNU_SOURCE
#include "csandbox_copies.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

ssize_t csandbox_copy_range(int from, int to, off_t position, size_t count) {
    off_t input = position;
    off_t output = position;
    ssize_t result = copy_file_range(from, &input, to, &output, count, 0);
    return result >= 0 ? result : -errno;
}

off_t csandbox_next_data(int file, off_t position, off_t *end) {
    off_t start = lseek(file, position, SEEK_DATA);
    if (start < 0)
        return -errno;
    *end = lseek(file, start, SEEK_HOLE);
    return *end >= 0 ? start : -errno;
}

int csandbox_exchange(const char *path, const char *other) {
    int result = renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE);
    return result == 0 ? 0 : -errno;
}
