// SPDX-License-Identifier: Apache-2.0
// Writable roots made by the spawner. An overlay that is mounted in a user
// namespace keeps its marks in user.* attributes, which tmpfs has only since
// kernel 6.6: before, a folder of the image cannot be removed and made again.
// The spawner may use trusted.* attributes, which tmpfs always had; it mounts
// where no slot looks and hands the mounts over detached.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "csandbox_channel.h"
#include "mounts/mounts.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

bool tmpfs_has_user_attributes(void) {
    if (setxattr("/stage", "user.mayfly", "1", 1, 0) < 0)
        return false;
    removexattr("/stage", "user.mayfly");
    return true;
}

static struct failure make_folder(const char *path, mode_t mode, uint32_t owner) {
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_LAYER, mkdir(path, mode)));
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_LAYER, chmod(path, mode)));
    return check_errno(CSANDBOX_STEP_SANDBOX_LAYER, chown(path, owner, owner));
}

// As mounts/root.c makes it, its owner being root of the slot's namespace.
static struct failure mount_layer(uint32_t owner, uint64_t disk_bytes) {
    char options[LAYER_OPTIONS_MAX];
    layer_options(options, disk_bytes);
    TRY(check(CSANDBOX_STEP_SANDBOX_LAYER,
              raw_mount("tmpfs", "/stage/w", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)));
    TRY(make_folder("/stage/w/shm", 01777, owner));
    TRY(make_folder("/stage/w/tmp", 01777, owner));
    TRY(make_folder("/stage/w/upper", 0755, owner));
    return make_folder("/stage/w/work", 0755, owner);
}

// Marks that an image brings along are not followed: whatever it says, a folder
// is found under its own name only.
static struct failure mount_all(const int trees[2], uint32_t owner, uint64_t disk_bytes) {
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY,
              raw_move_mount(trees[0], AT_FDCWD, "/stage/image", 0)));
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY,
              raw_move_mount(trees[1], AT_FDCWD, "/stage/files", 0)));
    TRY(mount_layer(owner, disk_bytes));
    return check(CSANDBOX_STEP_SANDBOX_OVERLAY,
                 raw_mount("overlay", "/stage/n", "overlay", MS_NOSUID | MS_NODEV,
                           "lowerdir=/stage/files:/stage/image,upperdir=/stage/w/upper,"
                           "workdir=/stage/w/work,redirect_dir=nofollow,metacopy=off,index=off"));
}

static struct failure detach(int mounts[2]) {
    static const char *const places[] = {"/stage/n", "/stage/w"};
    for (size_t i = 0; i < 2; i++) {
        mounts[i] = (int)raw_open_tree(AT_FDCWD, places[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY, mounts[i]));
    }
    return fine();
}

// Whatever of them came about: nothing may be left for the next slot to copy.
static void clear_stage(void) {
    static const char *const places[] = {"/stage/n", "/stage/w", "/stage/files", "/stage/image"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        umount2(places[i], MNT_DETACH);
}

static void close_both(const int descriptors[2]) {
    for (size_t i = 0; i < 2; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

bool overlay_answer(int binding, uint32_t owner, uint64_t disk_bytes) {
    struct csandbox_overlay message;
    int trees[2] = {-1, -1}, mounts[2] = {-1, -1};
    size_t count = 2;
    ssize_t size = csandbox_receive(binding, &message, sizeof message, trees, &count, MSG_DONTWAIT);
    if (size == -EAGAIN)
        return true;
    if (size != sizeof message || message.header.kind != CSANDBOX_MAKE_OVERLAY || count != 2) {
        close_both(trees);
        return false;
    }
    struct failure failure = mount_all(trees, owner, disk_bytes);
    if (!failed(failure))
        failure = detach(mounts);
    clear_stage();
    message.step = failure.step;
    message.error = failure.error;
    int result = csandbox_send(binding, &message, sizeof message, mounts, failed(failure) ? 0 : 2);
    close_both(trees);
    close_both(mounts);
    return result == 0;
}
