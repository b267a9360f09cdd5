// SPDX-License-Identifier: Apache-2.0
// Folders that an image's configuration names and its layers may lack: VOLUME and the working directory,
// owned by root of the container. They are created once per slot in the slot's own layer above the image, so
// that the writable layer of a sandbox stays empty until the sandbox writes. A read-only root has a writable
// layer for its volumes.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/template.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(int lower, const char *path) {
    long folder = open_in_root(lower, path, O_PATH | O_DIRECTORY);
    if (folder >= 0)
        close((int)folder);
    return folder >= 0;
}

// Called once per slot, because the image does not change.
void folders_find(int lower) {
    const char *path = slot.plan.folders;
    bool is_read_only = slot.plan.flags & CSANDBOX_SLOT_READ_ONLY;
    for (uint32_t i = 0; i < slot.plan.folder_count; i++, path += strlen(path) + 1) {
        struct wanted_folder wanted = {.path = path,
                                       .is_missing = !is_there(lower, path),
                                       .is_written = is_read_only && i < slot.plan.volume_count};
        if (wanted.is_missing || wanted.is_written)
            slot.folders[slot.folder_count++] = wanted;
    }
    slot.has_layer = !is_read_only || slot.plan.volume_count > 0;
}

// Mounts a folder on itself, so that it stays writable when the root becomes read-only.
static long keep_writable(int folder) {
    long tree = raw_open_tree(folder, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (tree < 0)
        return tree;
    long result = raw_move_mount((int)tree, folder, "", MOVE_MOUNT_T_EMPTY_PATH);
    SYS1(SYS_close, tree);
    return result;
}

static struct failure make(int root, const struct wanted_folder *wanted, bool is_written) {
    long folder = make_in_root(root, wanted->path, true);
    // The image has a file or a broken link in this place; a program that needs the folder will
    // report it.
    if (folder == -EEXIST || folder == -ENOTDIR || folder == -ELOOP)
        return success();
    TRY(check(CSANDBOX_STEP_SANDBOX_FOLDERS, folder));
    long result = is_written ? keep_writable((int)folder) : 0;
    SYS1(SYS_close, folder);
    return check(CSANDBOX_STEP_SANDBOX_FOLDERS, result);
}

// Creates the missing folders in the root at /newroot, or keeps the volumes writable.
static struct failure make_all(bool are_written) {
    long root = SYS4(SYS_openat, AT_FDCWD, "/newroot", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    TRY(check(CSANDBOX_STEP_SANDBOX_FOLDERS, root));
    struct failure failure = success();
    for (uint32_t i = 0; i < slot.folder_count && !failed(failure); i++)
        if (are_written ? slot.folders[i].is_written : slot.folders[i].is_missing)
            failure = make((int)root, &slot.folders[i], are_written);
    SYS1(SYS_close, root);
    return failure;
}

// Creates them through an overlay that writes to the slot's layer, so that folders on the way keep
// owner and mode of the image.
struct failure folders_make_in_template(void) {
    if (slot.folder_count == 0 || slot.plan.flags & CSANDBOX_SLOT_LAYER)
        return success();
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_FOLDERS, mkdir("/base/scratch", 0755)));
    TRY(check(
        CSANDBOX_STEP_SANDBOX_FOLDERS,
        raw_mount("overlay", "/newroot", "overlay", MS_NOSUID | MS_NODEV,
                  "lowerdir=/base/lower,upperdir=/base/files,workdir=/base/scratch,userxattr")));
    TRY(make_all(false));
    return check(CSANDBOX_STEP_SANDBOX_FOLDERS, SYS2(SYS_umount2, "/newroot", 0));
}

struct failure folders_make_in_root(void) {
    if (slot.plan.flags & CSANDBOX_SLOT_LAYER)
        return slot.folder_count > 0 ? make_all(false) : success();
    if (!(slot.plan.flags & CSANDBOX_SLOT_READ_ONLY))
        return success();
    TRY(make_all(true));
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
    return check(CSANDBOX_STEP_SANDBOX_FOLDERS, raw_mount(NULL, "/newroot", NULL, flags, NULL));
}
