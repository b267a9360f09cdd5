// SPDX-License-Identifier: Apache-2.0
// Reads the node at a path of a tree in one call: O_PATH and related flags are GNU extensions that Swift does
// not see.
#pragma once
#include <stddef.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/// Status of `path` strictly below `root`; no symbolic link is followed on the way, nor at the end. The target of a
/// link is copied to `target` (at most `size` bytes, not terminated); `*length` is its whole length. Returns 0 or
/// -errno.
int csandbox_node_beneath(int root, const char *path, struct stat *status, char *target,
                          size_t size, size_t *length);

/// Creates a file without a name on the file system of `directory`, for reading and writing.
/// Close-on-exec. Returns a descriptor or -errno.
int csandbox_open_nameless(const char *directory);
