// SPDX-License-Identifier: Apache-2.0
// Mounts the volumes of a plan. An image or a user chooses the targets: each is resolved as if the sandbox's
// root were "/", and used by descriptor from then on. Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/template.h"
#include "sandbox/sandbox.h"
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static long is_folder(int file) {
    struct statx status;
    long result = SYS5(SYS_statx, file, "", AT_EMPTY_PATH, STATX_TYPE, &status);
    return result < 0 ? result : S_ISDIR(status.stx_mode);
}

// The id of the mount that an open file is on (Linux 5.8), or -errno.
static long mount_of(int file) {
    struct statx status;
    long result = SYS5(SYS_statx, file, "", AT_EMPTY_PATH, STATX_MNT_ID, &status);
    if (result < 0)
        return result;
    return status.stx_mask & STATX_MNT_ID ? (long)status.stx_mnt_id : -ENOSYS;
}

// Parts of /proc are mounts of their own, so its file system is compared instead.
static long lies_on_proc(int target) {
    struct statfs system;
    long result = SYS2(SYS_fstatfs, target, &system);
    return result < 0 ? result : system.f_type == PROC_SUPER_MAGIC;
}

// Refuses a target inside /proc, /sys or /dev, where a mount could undo their masks. /sys and /dev
// are overlays like the root, so their mounts are compared.
static long check_target(int root, int target) {
    static const char *const masked[] = {"/sys", "/dev"};
    long proc = lies_on_proc(target);
    if (proc != 0)
        return proc < 0 ? proc : -EPERM;
    long own = mount_of(target);
    for (size_t i = 0; own >= 0 && i < sizeof masked / sizeof masked[0]; i++) {
        long folder = open_in_root(root, masked[i], O_PATH);
        long other = folder < 0 ? folder : mount_of((int)folder);
        if (folder >= 0)
            SYS1(SYS_close, folder);
        if (other < 0 || other == own)
            return other < 0 ? other : -EPERM;
    }
    return own < 0 ? own : 0;
}

static size_t append_number(char *text, size_t size, uint64_t number) {
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        text[size++] = digits[--count];
    return size;
}

static long mount_memory(int target, uint64_t bytes) {
    char options[32] = "size=";
    options[append_number(options, 5, bytes)] = 0;
    long result = SYS1(SYS_fchdir, target);
    return result < 0 ? result : raw_mount("tmpfs", ".", "tmpfs", MS_NOSUID | MS_NODEV, options);
}

static struct failure mount_volume(int root, const struct csandbox_mount *mount) {
    bool memory = mount->tree == CSANDBOX_TREE_MEMORY;
    long folder = memory ? 1 : is_folder(slot.trees[mount->tree]);
    TRY(check(CSANDBOX_STEP_SANDBOX_MOUNTS, folder));
    long target = make_in_root(root, mount->target, folder);
    TRY(check(CSANDBOX_STEP_SANDBOX_MOUNTS, target));
    long result = check_target(root, (int)target);
    if (result == 0)
        result = memory ? mount_memory((int)target, mount->size_bytes)
                        : raw_move_mount(slot.trees[mount->tree], (int)target, "",
                                         MOVE_MOUNT_T_EMPTY_PATH);
    SYS1(SYS_close, target);
    return check(CSANDBOX_STEP_SANDBOX_MOUNTS, result);
}

struct failure sandbox_mount_volumes(void) {
    if (slot.mount_count == 0)
        return success();
    for (uint32_t i = 0; i < slot.mount_count; i++) {
        // Opened for each volume: an earlier one may cover the root.
        long root = SYS4(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        TRY(check(CSANDBOX_STEP_SANDBOX_MOUNTS, root));
        struct failure failure = mount_volume((int)root, &slot.mounts[i]);
        SYS1(SYS_close, root);
        TRY(failure);
    }
    return success();
}
