// SPDX-License-Identifier: Apache-2.0
// Makes writable roots in the spawner, those of copies among them. An overlay that is mounted in a user
// namespace keeps its marks in user.* attributes, which tmpfs has since Linux 6.6: before, a folder of the image
// could not be removed and created again. The spawner can use trusted.* attributes, which tmpfs has always had. It mounts in folders
// that no slot sees, and passes the mounts on detached.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "csandbox_channel.h"
#include "mounts/mounts.h"
#include <linux/magic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OVERLAY_OPTIONS                                                                            \
    "upperdir=/stage/layer/upper,workdir=/stage/layer/work,"                                       \
    "redirect_dir=nofollow,metacopy=off,index=off"

/// What a slot has sent with its request.
struct trees {
    int trees[CSANDBOX_OVERLAY_TREES_MAX];
    size_t count;
};

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

// The layer of a template has marks that an earlier overlay from here has made, so it is read with the same kind
// of attributes, which no slot can write. The tree begins at the changes themselves: in a path below its root a
// slot could have put a link to anything in this process's sight. Only tmpfs is taken, as every layer is.
static struct failure mount_template_layer(int tree) {
    struct statfs kind;
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_OVERLAY, fstatfs(tree, &kind)));
    if (kind.f_type != TMPFS_MAGIC)
        return (struct failure){CSANDBOX_STEP_SANDBOX_OVERLAY, EINVAL};
    return check(CSANDBOX_STEP_SANDBOX_OVERLAY,
                 raw_move_mount(tree, AT_FDCWD, "/stage/template", 0));
}

// Overlay attributes that an image contains are not followed (redirect_dir, metacopy): a folder has
// its own content, whatever the image says.
static struct failure mount_all(const struct trees *trees, uint32_t owner, uint64_t disk_bytes) {
    bool has_template = trees->count == CSANDBOX_OVERLAY_TREES_MAX;
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY,
              raw_move_mount(trees->trees[0], AT_FDCWD, "/stage/image", 0)));
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY,
              raw_move_mount(trees->trees[1], AT_FDCWD, "/stage/files", 0)));
    if (has_template)
        TRY(mount_template_layer(trees->trees[2]));
    TRY(mount_layer(owner, disk_bytes));
    const char *options =
        has_template ? "lowerdir=/stage/template:/stage/files:/stage/image," OVERLAY_OPTIONS
                     : "lowerdir=/stage/files:/stage/image," OVERLAY_OPTIONS;
    return check(CSANDBOX_STEP_SANDBOX_OVERLAY,
                 raw_mount("overlay", "/stage/root", "overlay", MS_NOSUID | MS_NODEV, options));
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
    static const char *const places[] = {"/stage/root", "/stage/layer", "/stage/template",
                                         "/stage/files", "/stage/image"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        umount2(places[i], MNT_DETACH);
}

static void close_all(const int *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

bool overlay_answer(int binding, uint32_t owner, uint64_t disk_bytes) {
    struct csandbox_overlay message;
    struct trees trees = {.count = CSANDBOX_OVERLAY_TREES_MAX};
    int mounts[2] = {-1, -1};
    ssize_t size = csandbox_receive(binding, &message, sizeof message, trees.trees, &trees.count,
                                    MSG_DONTWAIT);
    if (size == -EAGAIN)
        return true;
    if (size != sizeof message || message.header.kind != CSANDBOX_MAKE_OVERLAY ||
        trees.count < CSANDBOX_OVERLAY_TREES_MIN) {
        close_all(trees.trees, trees.count);
        return false;
    }
    struct failure failure = mount_all(&trees, owner, disk_bytes);
    if (!failed(failure))
        failure = detach(mounts);
    clear_stage();
    message.step = failure.step;
    message.error = failure.error;
    int result = csandbox_send(binding, &message, sizeof message, mounts, failed(failure) ? 0 : 2);
    close_all(trees.trees, trees.count);
    close_all(mounts, 2);
    return result == 0;
}
