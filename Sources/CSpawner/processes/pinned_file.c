// SPDX-License-Identifier: Apache-2.0
// The warden's answer to OPEN_FILE. The gateway chooses among paths that it named while it was root; it cannot add
// one, and gets a descriptor for reading only.
#define _GNU_SOURCE
#include "processes/pinned_file.h"
#include "csandbox_channel.h"
#include "processes/order.h"
#include "sys.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct failure pinned_file_add(struct pinned_files *files, const struct csandbox_pin_file *order,
                               ssize_t size) {
    if (size != sizeof *order || files->count == PINNED_FILES_MAX || !path_is_valid(order->path))
        return (struct failure){CSANDBOX_STEP_PROTOCOL, EPROTO};
    memcpy(files->paths[files->count++], order->path, CSANDBOX_PATH_MAX);
    return success();
}

// Not blocked by a pipe or a terminal in the file's place.
static int open_regular(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return -errno;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        return file;
    close(file);
    return -EINVAL;
}

void pinned_file_send(const struct pinned_files *files, uint32_t number, int socket) {
    int file = number < files->count ? open_regular(files->paths[number]) : -ENOENT;
    struct csandbox_outcome answer = {.header = {.kind = CSANDBOX_OPEN_FILE, .slot = number}};
    if (file < 0) {
        answer.step = CSANDBOX_STEP_PINNED_FILE;
        answer.error = -file;
    }
    csandbox_send(socket, &answer, sizeof answer, &file, file < 0 ? 0 : 1);
    if (file >= 0)
        close(file);
}
