// SPDX-License-Identifier: Apache-2.0
// The mounts that outlive sandboxes, from which their root is made (mounts/root.c).
//   /base              a mount of its own, so that everything below it can be detached at once
//   /base/proc         the spawner's: the kernel allows a new /proc only where another is visible
//   /base/dev          device nodes, read-only, with inodes of this slot's own
//   /base/sys          of a network namespace with loopback only, read-only, inodes likewise
//   /base/spawner-sys  the spawner's, unmasked: for a slot that needs a /sys of its own
//   /base/lower        the image, read-only, its owners mapped to the slot's ids
//   /base/files        files of this slot, a layer above the image
//   /base/secrets      only when the function has some
//   /base/layer        the sandboxes' writable layer
//   /base/template-layer  that of the slot's template process, below those of its copies
//   /base/layer-tree   a folder of the host that replaces it
//   /newroot           where the sandboxes' root is made
#define _GNU_SOURCE
#include "mounts/template.h"
#include "mounts/mount_calls.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct failure make_folders(void) {
    static const char *const folders[] = {"newroot",      "base",       "base/proc",
                                          "base/dev",     "base/sys",   "base/spawner-sys",
                                          "base/lower",   "base/files", "base/files/etc",
                                          "base/secrets", "base/layer", "base/template-layer"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        TRY(check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, mkdir(folders[i], 0755)));
    return success();
}

// Every network namespace without egress looks the same here: it has loopback only. So all slots
// use an overlay on the view of one of them.
static struct failure mount_sys(const struct slot_seed *seed) {
    if (seed->empty_network < 0)
        return mount_masked_sys("base/sys", "base" EMPTY_FOLDER, &slot.has_sys);
    slot.has_sys = slot.is_sys_overlay = seed->empty_network_has_sys;
    if (!slot.has_sys)
        return success();
    TRY(empty_network_sys_mount("base/sys"));
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE,
              raw_mount("/sys", "base/spawner-sys", NULL, MS_BIND | MS_REC, NULL)));
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    return check(CSANDBOX_STEP_SLOT_TEMPLATE,
                 raw_mount(NULL, "base/spawner-sys", NULL, flags, NULL));
}

// The kernel allows a new /sys only where a whole one is visible: /base/spawner-sys.
static struct failure mount_own_sys(void) {
    if (!(slot.plan.flags & CSANDBOX_SLOT_EGRESS) || !slot.is_sys_overlay)
        return success();
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE, SYS2(SYS_umount2, "/base/sys", MNT_DETACH)));
    return mount_masked_sys("/base/sys", "/base" EMPTY_FOLDER, &slot.has_sys);
}

static struct failure mount_dev(int own) {
    long result = own >= 0 ? raw_move_mount(own, AT_FDCWD, "base/dev", 0)
                           : raw_mount("/dev", "base/dev", NULL, MS_BIND | MS_REC, NULL);
    return check(CSANDBOX_STEP_SLOT_DEV, result);
}

// /proc, /dev and /sys come from the root that pivot_root then detaches.
struct failure template_private_root(const struct slot_seed *seed, int own_dev) {
    umask(0);
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE,
              raw_mount("tmpfs", "/slot", "tmpfs", MS_NOSUID | MS_NODEV, "size=256k,mode=0755")));
    TRY(check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, chdir("/slot")));
    TRY(make_folders());
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE, raw_mount("base", "base", NULL, MS_BIND, NULL)));
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE, raw_mount("/proc", "base/proc", NULL, MS_BIND, NULL)));
    TRY(mount_dev(own_dev));
    TRY(mount_sys(seed));
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE, SYS2(SYS_pivot_root, ".", ".")));
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE, SYS2(SYS_umount2, ".", MNT_DETACH)));
    TRY(check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, chdir("/")));
    umask(022);
    return success();
}

// The image is read-only from here on, so a folder that is real now is one for every sandbox.
static struct failure require_folder(int lower, const char *name) {
    long folder = open_beneath(lower, name, O_PATH | O_DIRECTORY);
    TRY(check(CSANDBOX_STEP_SLOT_TEMPLATE, folder));
    close((int)folder);
    return success();
}

static bool is_plain_name(const char *name) {
    return name[0] && memchr(name, 0, CSANDBOX_NAME_MAX) && !strchr(name, '/') &&
           strcmp(name, ".") && strcmp(name, "..");
}

/// Bytes of a secret that are copied at a time.
enum { SECRET_BYTES = 4096 };

static struct failure write_secret(int source, const struct csandbox_secret *secret) {
    char bytes[SECRET_BYTES];
    char path[CSANDBOX_NAME_MAX + 16];
    if (!is_plain_name(secret->name))
        return (struct failure){CSANDBOX_STEP_SLOT_SECRETS, EINVAL};
    snprintf(path, sizeof path, "/base/secrets/%s", secret->name);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    struct failure failure = check_errno(CSANDBOX_STEP_SLOT_SECRETS, file);
    for (uint32_t left = secret->size; !failed(failure) && left > 0;) {
        ssize_t size = read(source, bytes, left < sizeof bytes ? left : sizeof bytes);
        ssize_t written = size > 0 ? write(file, bytes, (size_t)size) : size;
        if (written <= 0 || written != size)
            failure = (struct failure){CSANDBOX_STEP_SLOT_SECRETS, written < 0 ? errno : EIO};
        else
            left -= (uint32_t)size;
    }
    if (!failed(failure))
        failure =
            check_errno(CSANDBOX_STEP_SLOT_SECRETS, fchown(file, slot.plan.uid, slot.plan.gid));
    if (file >= 0)
        close(file);
    return failure;
}

static struct failure write_secrets(int source) {
    if (source < 0)
        return success();
    TRY(check(CSANDBOX_STEP_SLOT_SECRETS,
              raw_mount("tmpfs", "/base/secrets", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                        "mode=0755")));
    struct csandbox_secret secret;
    ssize_t size;
    while ((size = read(source, &secret, sizeof secret)) == sizeof secret)
        TRY(write_secret(source, &secret));
    TRY(check_errno(CSANDBOX_STEP_SLOT_SECRETS, size));
    // A record that is cut off.
    if (size != 0)
        return (struct failure){CSANDBOX_STEP_SLOT_SECRETS, EINVAL};
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    return check(CSANDBOX_STEP_SLOT_SECRETS, raw_mount(NULL, "/base/secrets", NULL, flags, NULL));
}

// A read-only root without a layer is complete in the template; a sandbox adds only its own mounts.
static struct failure mount_read_only_root(void) {
    if (slot.has_layer)
        return success();
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY,
              raw_mount("overlay", "/newroot", "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV,
                        "lowerdir=/base/files:/base/lower,userxattr")));
    if (slot.plan.flags & CSANDBOX_SLOT_HOSTS)
        TRY(etc_bind());
    TRY(check(CSANDBOX_STEP_SANDBOX_DEV,
              raw_mount("/base/dev", "/newroot/dev", NULL, MS_MOVE, NULL)));
    if (!slot.has_sys)
        return success();
    return check(CSANDBOX_STEP_SANDBOX_SYS,
                 raw_mount("/base/sys", "/newroot/sys", NULL, MS_MOVE, NULL));
}

// A folder of the host replaces the writable layer in memory.
static struct failure mount_layer_tree(void) {
    if (!(slot.plan.flags & CSANDBOX_SLOT_LAYER))
        return success();
    TRY(check_errno(CSANDBOX_STEP_SLOT_LAYER, mkdir("/base/layer-tree", 0755)));
    return check(CSANDBOX_STEP_SLOT_LAYER,
                 raw_move_mount(slot.trees[0], AT_FDCWD, "/base/layer-tree", 0));
}

// Read once, because the set-up of a sandbox reads no files.
static struct failure read_mounts(int source) {
    if (source < 0)
        return success();
    ssize_t size = read(source, slot.mounts, sizeof slot.mounts);
    TRY(check_errno(CSANDBOX_STEP_SLOT_MOUNTS, size));
    // A record that is cut off, or one too many.
    char rest;
    if ((size_t)size % sizeof slot.mounts[0] != 0 || read(source, &rest, 1) != 0)
        return (struct failure){CSANDBOX_STEP_SLOT_MOUNTS, EINVAL};
    slot.mount_count = (uint32_t)((size_t)size / sizeof slot.mounts[0]);
    for (uint32_t i = 0; i < slot.mount_count; i++) {
        const struct csandbox_mount *mount = &slot.mounts[i];
        bool is_known = mount->tree == CSANDBOX_TREE_MEMORY || mount->tree < slot.plan.tree_count;
        if (!is_known || mount->target[0] != '/' || !memchr(mount->target, 0, sizeof mount->target))
            return (struct failure){CSANDBOX_STEP_SLOT_MOUNTS, EINVAL};
    }
    return success();
}

// What the image must contain is checked first, while nothing covers it; the root is mounted last,
// from the other parts.
struct failure template_bind(int rootfs_tree, int secrets, int mounts) {
    TRY(check(CSANDBOX_STEP_SLOT_ROOTFS, raw_move_mount(rootfs_tree, AT_FDCWD, "/base/lower", 0)));
    int lower = open("/base/lower", O_PATH | O_DIRECTORY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_SLOT_ROOTFS, lower));
    static const char *const needed[] = {"proc", "dev", "sys", "tmp"};
    struct failure failure = success();
    for (size_t i = 0; i < 4 && !failed(failure); i++)
        failure = require_folder(lower, needed[i]);
    if (!failed(failure) && secrets >= 0)
        failure = require_folder(lower, "run/secrets");
    if (!failed(failure))
        failure = etc_write(lower);
    folders_find(lower);
    close(lower);
    TRY(failure);
    TRY(mount_own_sys());
    TRY(mount_layer_tree());
    TRY(read_mounts(mounts));
    TRY(write_secrets(secrets));
    TRY(folders_make_in_template());
    return mount_read_only_root();
}
