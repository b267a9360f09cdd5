// SPDX-License-Identifier: Apache-2.0
// openat2 and friends: the C library has no wrapper, and Swift cannot call the variadic syscall(2).
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Opens `path` as if `root` were "/": no link, no "..", no mount trick leads outside, and links of /proc are not
/// followed. Close-on-exec. Returns a descriptor or -errno.
int csandbox_open_in_root(int root, const char *path, int flags, mode_t mode);

/// Opens `path` strictly below `root`, refusing every symbolic link on the way (ELOOP). Close-on-exec. Returns a
/// descriptor or -errno.
int csandbox_open_beneath(int root, const char *path, int flags, mode_t mode);
