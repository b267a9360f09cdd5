// SPDX-License-Identifier: Apache-2.0
// Creates and opens places below a root. An image or a user chooses their paths: each is resolved as if the
// root were "/". Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/template.h"
#include <stdbool.h>

// Missing parts are created as root of the container; the last one as a folder or a file.
long make_in_root(int root, const char *target, bool folder) {
    char path[CSANDBOX_PATH_MAX];
    long parent = open_in_root(root, "/", O_PATH | O_DIRECTORY);
    for (size_t begin = 0, end = 0; parent >= 0 && target[end];) {
        for (begin = end; target[begin] == '/'; begin++)
            ;
        for (end = begin; target[end] && target[end] != '/'; end++)
            ;
        for (size_t i = 0; i < end; i++)
            path[i] = target[i];
        path[end] = 0;
        bool last = !target[end];
        long next = open_in_root(root, path, O_PATH);
        if (next == -ENOENT && end > begin) {
            next = folder || !last
                       ? SYS3(SYS_mkdirat, parent, path + begin, 0755)
                       : SYS4(SYS_openat, parent, path + begin,
                              O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
            if (next > 0)
                SYS1(SYS_close, next);
            if (next >= 0)
                next = open_in_root(root, path, O_PATH);
        }
        SYS1(SYS_close, parent);
        parent = next;
    }
    return parent;
}
