// SPDX-License-Identifier: Apache-2.0
// Size of a writable layer, whichever process mounts it.
#include "mounts/mounts.h"
#include <stdio.h>

void layer_options(char *text, uint64_t disk_bytes) {
    // One inode per block suffices for small files; at least enough for an ordinary tree.
    uint64_t inodes = disk_bytes / 4096 > 1024 ? disk_bytes / 4096 : 1024;
    snprintf(text, LAYER_OPTIONS_MAX, "size=%llu,nr_inodes=%llu,mode=0755",
             (unsigned long long)disk_bytes, (unsigned long long)inodes);
}
