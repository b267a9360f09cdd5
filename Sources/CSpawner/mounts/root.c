// SPDX-License-Identifier: Apache-2.0
// The root that sandboxes are lent: writable layer, overlay, /dev, /sys,
// terminals, shared memory, message queues, secrets. It is made in a mount and an
// IPC namespace of its own and goes from sandbox to sandbox for as long as nobody
// changed anything in them. A sandbox adds its own /proc, and can neither mount
// nor unmount anything itself.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/root.h"
#include "mounts/template.h"
#include "slot/slot.h"
#include <sched.h>
#include <unistd.h>

static struct failure make_folder(const char *path, unsigned mode) {
    return check(CSANDBOX_STEP_SANDBOX_LAYER, SYS3(SYS_mkdirat, AT_FDCWD, path, mode));
}

// One tmpfs for everything that the function may write, so that one size bounds
// it all, and its memory limit counts it. noexec binds /dev/shm and the like;
// the overlay above has flags of its own.
static struct failure mount_layer(void) {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    TRY(check(CSANDBOX_STEP_SANDBOX_LAYER,
              raw_mount("tmpfs", "/base/w", "tmpfs", flags, slot.layer_options)));
    SYS1(SYS_umask, 0);
    TRY(make_folder("/base/w/shm", 01777));
    if (slot.plan.flags & CSANDBOX_SLOT_READ_ONLY)
        TRY(make_folder("/base/w/tmp", 01777));
    if (slot.has_layer) {
        TRY(make_folder("/base/w/upper", 0755));
        TRY(make_folder("/base/w/work", 0755));
    }
    SYS1(SYS_umask, 022);
    return fine();
}

static struct failure mount_overlay(void) {
    if (!slot.has_layer)
        return fine();
    // userxattr also switches off redirect_dir and metacopy: the upper folder alone tells all changes.
    const char *options =
        slot.plan.flags & CSANDBOX_SLOT_LAYER
            ? "lowerdir=/base/lower,upperdir=/base/l/changes,workdir=/base/l/scratch,userxattr"
            : "lowerdir=/base/t:/base/lower,upperdir=/base/w/upper,workdir=/base/w/work,userxattr";
    return check(CSANDBOX_STEP_SANDBOX_OVERLAY,
                 raw_mount("overlay", "/n", "overlay", MS_NOSUID | MS_NODEV, options));
}

// All that can be written in a read-only root, besides volumes.
static struct failure mount_tmp(void) {
    if (!(slot.plan.flags & CSANDBOX_SLOT_READ_ONLY))
        return fine();
    return check(CSANDBOX_STEP_SANDBOX_TMP,
                 raw_mount("/base/w/tmp", "/n/tmp", NULL, MS_BIND, NULL));
}

static struct failure mount_root(void) {
    // The slot's template has it all.
    if (!slot.has_layer)
        return mount_tmp();
    if (slot.plan.flags & CSANDBOX_SLOT_LAYER)
        TRY(etc_bind());
    TRY(folders_make());
    TRY(mount_tmp());
    TRY(check(CSANDBOX_STEP_SANDBOX_DEV, raw_mount("/base/dev", "/n/dev", NULL, MS_MOVE, NULL)));
    if (!slot.has_sys)
        return fine();
    return check(CSANDBOX_STEP_SANDBOX_SYS, raw_mount("/base/sys", "/n/sys", NULL, MS_MOVE, NULL));
}

static struct failure mount_dev_children(void) {
    unsigned long flags = MS_NOSUID | MS_NOEXEC;
    const char *options = single_id(slot.host) ? "newinstance,ptmxmode=0666,mode=0620"
                                               : "newinstance,ptmxmode=0666,mode=0620,gid=5";
    TRY(check(CSANDBOX_STEP_SANDBOX_DEVPTS,
              raw_mount("devpts", "/n/dev/pts", "devpts", flags, options)));
    TRY(check(CSANDBOX_STEP_SANDBOX_SHM,
              raw_mount("/base/w/shm", "/n/dev/shm", NULL, MS_BIND, NULL)));
    return check(CSANDBOX_STEP_SANDBOX_MQUEUE,
                 raw_mount("mqueue", "/n/dev/mqueue", "mqueue", flags | MS_NODEV, NULL));
}

// By descriptor, since the way to run/secrets leads through folders of the
// image.
static struct failure bind_secrets(const char *place) {
    int root = (int)SYS4(SYS_openat, AT_FDCWD, "/n", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    TRY(check(CSANDBOX_STEP_SANDBOX_SECRETS, root));
    long target = open_beneath(root, place, O_PATH | O_DIRECTORY);
    SYS1(SYS_close, root);
    // The second place is OpenFaaS's: an image without it is not worse for that.
    if (target < 0)
        return fine();
    long tree = raw_open_tree(AT_FDCWD, "/base/secrets", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree >= 0) {
        long moved = raw_move_mount((int)tree, (int)target, "", MOVE_MOUNT_T_EMPTY_PATH);
        SYS1(SYS_close, tree);
        tree = moved;
    }
    SYS1(SYS_close, target);
    return check(CSANDBOX_STEP_SANDBOX_SECRETS, tree);
}

static struct failure mount_all(void) {
    if (slot.binding >= 0 && slot.has_layer && !(slot.plan.flags & CSANDBOX_SLOT_LAYER)) {
        TRY(overlay_take());
    } else {
        TRY(mount_layer());
        TRY(mount_overlay());
    }
    TRY(mount_root());
    TRY(mount_dev_children());
    if (slot.plan.flags & CSANDBOX_SLOT_SECRETS) {
        TRY(bind_secrets("run/secrets"));
        TRY(bind_secrets("var/openfaas/secrets"));
    }
    return fine();
}

// What the root was made from is detached at once, and the root laid over what is
// left: a file system with two folders, to which no path leads. pivot_root(2) would
// take that away as well, but looks at every process of the host for it.
static struct failure take_place(void) {
    TRY(check(CSANDBOX_STEP_SANDBOX_PIVOT, SYS2(SYS_umount2, "/base", MNT_DETACH)));
    return check(CSANDBOX_STEP_SANDBOX_PIVOT, raw_mount("/n", "/", NULL, MS_MOVE, NULL));
}

static struct failure make(struct root *root) {
    TRY(check(CSANDBOX_STEP_SANDBOX_CLONE, SYS1(SYS_unshare, CLONE_NEWNS | CLONE_NEWIPC)));
    TRY(mount_namespace_of_now(&root->mounts));
    TRY(mount_all());
    TRY(root_open_traces(root));
    TRY(take_place());
    // After everything: what is seen now is what every sandbox may find.
    ipc_remember(&root->numbers);
    return root_remember(root);
}

struct failure mount_namespace_of_now(int *descriptor) {
    *descriptor = openat(slot.proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return check_errno(CSANDBOX_STEP_SANDBOX_CLONE, *descriptor);
}

void go_to(int mounts) {
    // What comes next would happen in the wrong place: better not at all.
    if (SYS2(SYS_setns, mounts, CLONE_NEWNS) < 0)
        _exit(1);
}

void root_let_go(struct root *root) {
    root_close_traces(root);
    if (root->mounts >= 0)
        close(root->mounts);
    root->mounts = -1;
    root->has_proc = false;
}

static struct failure make_anew(struct root *root) {
    root_let_go(root);
    struct failure failure = make(root);
    go_to(slot.own_mounts);
    if (failed(failure))
        root_let_go(root);
    return failure;
}

struct failure root_ready(struct root *root) {
    if (root->mounts < 0)
        TRY(make_anew(root));
    // Asked before the sandbox begins: it can only change something later.
    root->is_settled = root_has_settled(root);
    return fine();
}

void root_take_back(struct root *root, bool is_whole) {
    if (root->mounts < 0)
        return;
    root->has_proc = is_whole;
    if (!is_whole || !root_is_untouched(root) || !ipc_is_untouched(&root->numbers))
        root_let_go(root);
}
