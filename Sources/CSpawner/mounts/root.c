// SPDX-License-Identifier: Apache-2.0
// The root that sandboxes use: writable layer, overlay, /dev, /sys, terminals, shared memory, message queues,
// secrets. It has its own mount and IPC namespaces, and the next sandbox uses it too unless a sandbox has
// changed something in it. A sandbox adds its own /proc, and can neither mount nor unmount.
#define _GNU_SOURCE
#include "mounts/copy_root.h"
#include "mounts/mount_calls.h"
#include "mounts/root.h"
#include "mounts/template.h"
#include "slot/slot.h"
#include <sched.h>
#include <unistd.h>

static struct failure make_folder(const char *path, unsigned mode) {
    return check(CSANDBOX_STEP_SANDBOX_LAYER, SYS3(SYS_mkdirat, AT_FDCWD, path, mode));
}

static struct failure make_layer_folders(void) {
    TRY(make_folder("/base/layer/shm", 01777));
    if (slot.plan.flags & CSANDBOX_SLOT_READ_ONLY)
        TRY(make_folder("/base/layer/tmp", 01777));
    if (!slot.has_layer)
        return success();
    TRY(make_folder("/base/layer/upper", 0755));
    return make_folder("/base/layer/work", 0755);
}

// One tmpfs for everything that the function may write, so that one size limits all of it and the
// memory limit counts it. noexec applies to /dev/shm and the like; the overlay above has flags of
// its own.
static struct failure mount_layer(void) {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    TRY(check(CSANDBOX_STEP_SANDBOX_LAYER,
              raw_mount("tmpfs", "/base/layer", "tmpfs", flags, slot.layer_options)));
    SYS1(SYS_umask, 0);
    struct failure failure = make_layer_folders();
    // Also after a failure: the slot, and the next sandbox with it, goes on.
    SYS1(SYS_umask, 022);
    return failure;
}

// With `has_template` the layer that the slot's template wrote lies between image and layer.
static struct failure mount_overlay(bool has_template) {
    if (!slot.has_layer)
        return success();
    // userxattr also disables redirect_dir and metacopy, so that the upper folder alone contains
    // all changes.
    const char *options = "lowerdir=/base/files:/base/lower,upperdir=/base/layer/upper,"
                          "workdir=/base/layer/work,userxattr";
    if (has_template)
        options = "lowerdir=/base/template-layer/upper:/base/files:/base/lower,"
                  "upperdir=/base/layer/upper,workdir=/base/layer/work,userxattr";
    if (slot.plan.flags & CSANDBOX_SLOT_LAYER)
        options = "lowerdir=/base/lower,upperdir=/base/layer-tree/changes,"
                  "workdir=/base/layer-tree/scratch,userxattr";
    // The image may lack the files that are mounted on it.
    if (slot.plan.flags & CSANDBOX_SLOT_LAYER && slot.plan.flags & CSANDBOX_SLOT_HOSTS)
        options = "lowerdir=/base/files:/base/lower,upperdir=/base/layer-tree/changes,"
                  "workdir=/base/layer-tree/scratch,userxattr";
    return check(CSANDBOX_STEP_SANDBOX_OVERLAY,
                 raw_mount("overlay", "/newroot", "overlay", MS_NOSUID | MS_NODEV, options));
}

// The only writable part of a read-only root, besides volumes.
static struct failure mount_tmp(void) {
    if (!(slot.plan.flags & CSANDBOX_SLOT_READ_ONLY))
        return success();
    return check(CSANDBOX_STEP_SANDBOX_TMP,
                 raw_mount("/base/layer/tmp", "/newroot/tmp", NULL, MS_BIND, NULL));
}

static struct failure mount_root(void) {
    // The slot's template already contains the other mounts.
    if (!slot.has_layer)
        return mount_tmp();
    if (slot.plan.flags & (CSANDBOX_SLOT_LAYER | CSANDBOX_SLOT_HOSTS))
        TRY(etc_bind());
    TRY(folders_make_in_root());
    TRY(mount_tmp());
    TRY(check(CSANDBOX_STEP_SANDBOX_DEV,
              raw_mount("/base/dev", "/newroot/dev", NULL, MS_MOVE, NULL)));
    if (!slot.has_sys)
        return success();
    return check(CSANDBOX_STEP_SANDBOX_SYS,
                 raw_mount("/base/sys", "/newroot/sys", NULL, MS_MOVE, NULL));
}

static struct failure mount_dev_children(void) {
    unsigned long flags = MS_NOSUID | MS_NOEXEC;
    const char *options = single_id(slot.host) ? "newinstance,ptmxmode=0666,mode=0620"
                                               : "newinstance,ptmxmode=0666,mode=0620,gid=5";
    TRY(check(CSANDBOX_STEP_SANDBOX_DEVPTS,
              raw_mount("devpts", "/newroot/dev/pts", "devpts", flags, options)));
    return check(CSANDBOX_STEP_SANDBOX_SHM,
                 raw_mount("/base/layer/shm", "/newroot/dev/shm", NULL, MS_BIND, NULL));
}

static struct failure mount_queues(void) {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    return check(CSANDBOX_STEP_SANDBOX_MQUEUE,
                 raw_mount("mqueue", "/newroot/dev/mqueue", "mqueue", flags, NULL));
}

// By descriptor, because the path to run/secrets leads through folders of the image. The template
// has checked that the required place exists; the other one is OpenFaaS's, which an image may lack.
static struct failure bind_secrets(const char *place, bool is_required) {
    int root = (int)SYS4(SYS_openat, AT_FDCWD, "/newroot", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    TRY(check(CSANDBOX_STEP_SANDBOX_SECRETS, root));
    long target = open_beneath(root, place, O_PATH | O_DIRECTORY);
    SYS1(SYS_close, root);
    if (target < 0 && !is_required)
        return success();
    TRY(check(CSANDBOX_STEP_SANDBOX_SECRETS, target));
    long tree = raw_open_tree(AT_FDCWD, "/base/secrets", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree >= 0) {
        long moved = raw_move_mount((int)tree, (int)target, "", MOVE_MOUNT_T_EMPTY_PATH);
        SYS1(SYS_close, tree);
        tree = moved;
    }
    SYS1(SYS_close, target);
    return check(CSANDBOX_STEP_SANDBOX_SECRETS, tree);
}

// What is mounted on the overlay, except message queues.
static struct failure mount_on_overlay(void) {
    TRY(mount_root());
    TRY(mount_dev_children());
    if (slot.plan.flags & CSANDBOX_SLOT_SECRETS) {
        TRY(bind_secrets("run/secrets", true));
        TRY(bind_secrets("var/openfaas/secrets", false));
    }
    return success();
}

// Without a layer there is nothing that the spawner would have to make.
static struct failure mount_layer_and_overlay(bool has_template) {
    if (slot.binding >= 0 && slot.has_layer && !(slot.plan.flags & CSANDBOX_SLOT_LAYER))
        return overlay_request(has_template);
    TRY(mount_layer());
    return mount_overlay(has_template);
}

static struct failure mount_all(void) {
    TRY(mount_layer_and_overlay(false));
    TRY(mount_on_overlay());
    return mount_queues();
}

struct failure root_mount_for_copy(bool has_template) {
    TRY(mount_layer_and_overlay(has_template));
    return mount_on_overlay();
}

// Detaches what the root was made from, then moves the root over the remaining file system, which
// has two folders and no path that leads to it. pivot_root(2) would remove that as well, but
// examines every process of the host.
static struct failure take_place(void) {
    TRY(check(CSANDBOX_STEP_SANDBOX_ROOT, SYS2(SYS_umount2, "/base", MNT_DETACH)));
    return check(CSANDBOX_STEP_SANDBOX_ROOT, raw_mount("/newroot", "/", NULL, MS_MOVE, NULL));
}

// `template_layer` becomes the layer of a root that a template is started in; -1 for others.
static struct failure make(struct root *root, int *template_layer) {
    TRY(check(CSANDBOX_STEP_SANDBOX_CLONE, SYS1(SYS_unshare, CLONE_NEWNS | CLONE_NEWIPC)));
    TRY(mount_namespace_of_now(&root->mounts));
    TRY(mount_all());
    if (slot.plan.flags & CSANDBOX_SLOT_TEMPLATE)
        TRY(template_layer_open(template_layer));
    TRY(root_open_traces(root));
    TRY(take_place());
    // Last: the recorded state is what every sandbox finds.
    ipc_record(&root->numbers);
    return root_record(root);
}

struct failure mount_namespace_of_now(int *descriptor) {
    *descriptor = openat(slot.proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return check_errno(CSANDBOX_STEP_SANDBOX_CLONE, *descriptor);
}

void enter_mounts(int mounts) {
    // The following mounts would be made in the wrong namespace.
    if (SYS2(SYS_setns, mounts, CLONE_NEWNS) < 0)
        _exit(1);
}

void root_release(struct root *root) {
    root_close_traces(root);
    if (root->mounts >= 0)
        close(root->mounts);
    root->mounts = -1;
    root->has_proc = false;
    root->is_written = root->is_held = false;
}

static struct failure make_again(struct root *root) {
    int template_layer = -1;
    root_release(root);
    struct failure failure = make(root, &template_layer);
    enter_mounts(slot.own_mounts);
    if (template_layer >= 0 && !failed(failure))
        failure = template_layer_attach(template_layer);
    else if (template_layer >= 0)
        close(template_layer);
    if (failed(failure))
        root_release(root);
    return failure;
}

struct failure root_ensure(struct root *root) {
    if (root->is_held)
        root_release(root);
    if (root->mounts < 0)
        TRY(make_again(root));
    // Before the sandbox starts: its changes come later.
    root->is_settled = root_has_settled(root);
    return success();
}

void root_recycle(struct root *root, bool is_whole) {
    if (root->mounts < 0 || root->is_held)
        return;
    root->has_proc = is_whole;
    if (!is_whole || root->is_written || !root_is_unchanged(root) ||
        !ipc_is_unchanged(&root->numbers))
        root_release(root);
}
