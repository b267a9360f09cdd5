// SPDX-License-Identifier: Apache-2.0
// Makes writable roots in the spawner. An overlay that is mounted in a user namespace keeps its marks in
// user.* attributes, which tmpfs has since Linux 6.6: before, a folder of the image could not be removed and
// created again. The spawner can use trusted.* attributes, which tmpfs has always had. It mounts in folders
// that no slot sees, and passes the mounts on detached.
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

// The same as in mounts/root.c, owned by root of the slot's namespace.
static struct failure mount_layer(uint32_t owner, uint64_t disk_bytes) {
    char options[LAYER_OPTIONS_MAX];
    layer_options(options, disk_bytes);
    TRY(check(CSANDBOX_STEP_SANDBOX_LAYER, raw_mount("tmpfs", "/stage/layer", "tmpfs",
                                                     MS_NOSUID | MS_NODEV | MS_NOEXEC, options)));
    TRY(make_folder("/stage/layer/shm", 01777, owner));
    TRY(make_folder("/stage/layer/tmp", 01777, owner));
    TRY(make_folder("/stage/layer/upper", 0755, owner));
    return make_folder("/stage/layer/work", 0755, owner);
}

// Overlay attributes that an image contains are not followed (redirect_dir, metacopy): a folder has
// its own content, whatever the image says.
static struct failure mount_all(const int trees[2], uint32_t owner, uint64_t disk_bytes) {
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY,
              raw_move_mount(trees[0], AT_FDCWD, "/stage/image", 0)));
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY,
              raw_move_mount(trees[1], AT_FDCWD, "/stage/files", 0)));
    TRY(mount_layer(owner, disk_bytes));
    return check(
        CSANDBOX_STEP_SANDBOX_OVERLAY,
        raw_mount("overlay", "/stage/root", "overlay", MS_NOSUID | MS_NODEV,
                  "lowerdir=/stage/files:/stage/image,upperdir=/stage/layer/upper,"
                  "workdir=/stage/layer/work,redirect_dir=nofollow,metacopy=off,index=off"));
}

static struct failure detach(int mounts[2]) {
    static const char *const places[] = {"/stage/root", "/stage/layer"};
    for (size_t i = 0; i < 2; i++) {
        mounts[i] = (int)raw_open_tree(AT_FDCWD, places[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY, mounts[i]));
    }
    return success();
}

// Unmounts everything that was mounted, also after a failure, before the next slot copies the
// namespace. Places without a mount give an error that is ignored.
static void clear_stage(void) {
    static const char *const places[] = {"/stage/root", "/stage/layer", "/stage/files",
                                         "/stage/image"};
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
