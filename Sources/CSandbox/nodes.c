// SPDX-License-Identifier: Apache-2.0
// Reads status and link target through one O_PATH descriptor, so that both belong to the same file.
// ImageStore uses it.
#define _GNU_SOURCE
#include "csandbox_nodes.h"
#include "csandbox_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int csandbox_node_beneath(int root, const char *path, struct stat *status, char *target,
                          size_t size, size_t *length) {
    int file = csandbox_open_beneath(root, path, O_PATH | O_NOFOLLOW, 0);
    if (file < 0)
        return file;
    int result = fstatat(file, "", status, AT_EMPTY_PATH) == 0 ? 0 : -errno;
    *length = 0;
    if (result == 0 && S_ISLNK(status->st_mode)) {
        ssize_t count = readlinkat(file, "", target, size);
        if (count < 0)
            result = -errno;
        else
            *length = (size_t)count;
    }
    close(file);
    return result;
}

int csandbox_open_nameless(const char *directory) {
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return file < 0 ? -errno : file;
}
