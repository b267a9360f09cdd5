// SPDX-License-Identifier: Apache-2.0
// Calls on files of image trees that Swift cannot make: openat2 has no wrapper in the C library and syscall(2) is
// variadic; attributes and syncfs are outside of Swift's Glibc module.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// O_PATH, which Swift's Glibc module hides.
#define CSANDBOX_OPEN_PATH 010000000

/// Opens `path` as if `root` were "/": no symbolic link, ".." or mount leads outside, and magic
/// links of /proc are not followed. Close-on-exec. Returns a descriptor or -errno.
int csandbox_open_in_root(int root, const char *path, int flags, mode_t mode);

/// Opens `path` strictly below `root`, refusing every symbolic link on the way (ELOOP). Close-on-exec. Returns a
/// descriptor or -errno.
int csandbox_open_beneath(int root, const char *path, int flags, mode_t mode);

/// Sets one extended attribute of an open file. Returns 0 or -errno.
int csandbox_set_attribute(int file, const char *name, const void *value, size_t size);

/// Reads one extended attribute of an open file. Returns its size or -errno.
ssize_t csandbox_get_attribute(int file, const char *name, void *value, size_t size);

/// Lists the names of an open file's extended attributes, each terminated. Returns their size or -errno.
ssize_t csandbox_list_attributes(int file, char *names, size_t size);

/// Syncs the file system of the file to its device. Returns 0 or -errno.
int csandbox_sync_filesystem(int file);
