// SPDX-License-Identifier: Apache-2.0
// The spawner's mount namespace: a tmpfs with /proc, /sys, /dev and the rootfs folder, and nothing else of
// the host. Every slot copies it, so each mount costs time and memory in every slot; and a mount that is not
// here cannot be reached from a sandbox.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/mounts.h"
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned minor;
    unsigned major;
} nodes[] = {{"null", 3, 1},   {"zero", 5, 1},    {"full", 7, 1},
             {"random", 8, 1}, {"urandom", 9, 1}, {"tty", 0, 5}};

static const struct {
    const char *target;
    const char *name;
} links[] = {{"/proc/self/fd", "fd"},
             {"/proc/self/fd/0", "stdin"},
             {"/proc/self/fd/1", "stdout"},
             {"/proc/self/fd/2", "stderr"},
             {"pts/ptmx", "ptmx"}};

// Device nodes on a tmpfs of the initial user namespace work in every namespace that sees the
// mount: one mount instead of six. Without privileges nodes cannot be created, so the host's are
// bind-mounted one by one.
static struct failure make_node(const struct host *host, size_t i) {
    char path[32], original[32];
    snprintf(path, sizeof path, "dev/%s", nodes[i].name);
    snprintf(original, sizeof original, "/dev/%s", nodes[i].name);
    if (!rootless(host)) {
        TRY(check_errno(CSANDBOX_STEP_PRUNE_DEV,
                        mknod(path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor))));
        return check_errno(CSANDBOX_STEP_PRUNE_DEV, chmod(path, 0666));
    }
    TRY(check_errno(CSANDBOX_STEP_PRUNE_DEV, mknod(path, S_IFREG | 0666, 0)));
    return check(CSANDBOX_STEP_PRUNE_DEV, raw_mount(original, path, NULL, MS_BIND, NULL));
}

static struct failure make_dev(const struct host *host) {
    TRY(check(CSANDBOX_STEP_PRUNE_DEV,
              raw_mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=0755")));
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
        TRY(make_node(host, i));
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        char path[32];
        snprintf(path, sizeof path, "dev/%s", links[i].name);
        TRY(check_errno(CSANDBOX_STEP_PRUNE_DEV, symlink(links[i].target, path)));
    }
    static const char *const folders[] = {"dev/pts", "dev/shm", "dev/mqueue", "dev/.empty"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        TRY(check_errno(CSANDBOX_STEP_PRUNE_DEV, mkdir(folders[i], 0755)));
    return check(CSANDBOX_STEP_PRUNE_DEV,
                 raw_mount(NULL, "dev", NULL,
                           MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL));
}

static struct failure make_folders(void) {
    static const char *const folders[] = {"proc",          "sys",         "dev",
                                          "rootfs",        "slot",        "stage",
                                          "stage/image",   "stage/files", "stage/template",
                                          "stage/layer",   "stage/root",  "empty-network-sys",
                                          "sys-whiteouts", "empty-lower"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        TRY(check_errno(CSANDBOX_STEP_PRUNE_TMPFS, mkdir(folders[i], 0755)));
    return success();
}

// /sys is here because the kernel lets a user namespace mount a new one only where another is
// visible. It includes its child mounts where the kernel locks them together (rootless). The rootfs
// folder comes after /dev and before /proc, which hides nothing of the paths used here.
static struct failure fill(const struct host *host, int rootfs_tree) {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    TRY(check(CSANDBOX_STEP_PRUNE_SYS,
              raw_mount("/sys", "sys", NULL, MS_BIND | (rootless(host) ? MS_REC : 0), NULL)));
    TRY(make_dev(host));
    TRY(check(CSANDBOX_STEP_PRUNE_ROOTFS, raw_move_mount(rootfs_tree, AT_FDCWD, "rootfs", 0)));
    // The tree may be a peer of a mount of the host: no mount event may pass.
    TRY(check(CSANDBOX_STEP_PRUNE_ROOTFS, raw_mount(NULL, "rootfs", NULL, MS_PRIVATE, NULL)));
    return check(CSANDBOX_STEP_PRUNE_PROC, raw_mount("proc", "proc", "proc", flags, NULL));
}

static struct failure enter(int *rootfs_folder) {
    TRY(check(CSANDBOX_STEP_PRUNE_PIVOT, SYS2(SYS_pivot_root, ".", ".")));
    TRY(check(CSANDBOX_STEP_PRUNE_PIVOT, SYS2(SYS_umount2, ".", MNT_DETACH)));
    TRY(check_errno(CSANDBOX_STEP_PRUNE_PIVOT, chdir("/")));
    *rootfs_folder = open("/rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return check_errno(CSANDBOX_STEP_PRUNE_ROOTFS, *rootfs_folder);
}

// The rootfs folder is opened as a detached tree first, because it may be below /tmp, which the
// tmpfs then covers.
struct failure prune_mounts(const struct host *host, int rootfs_tree, int *rootfs_folder) {
    TRY(check(CSANDBOX_STEP_PRUNE_TMPFS, raw_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)));
    long tree = rootfs_tree;
    if (tree < 0)
        tree = raw_open_tree(AT_FDCWD, host->configuration.rootfs_directory,
                             OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    TRY(check(CSANDBOX_STEP_PRUNE_ROOTFS, tree));
    TRY(check(CSANDBOX_STEP_PRUNE_TMPFS,
              raw_mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                        "size=1m,mode=0755")));
    TRY(check_errno(CSANDBOX_STEP_PRUNE_TMPFS, chdir("/tmp")));
    umask(0);
    TRY(make_folders());
    struct failure failure = fill(host, (int)tree);
    close((int)tree);
    TRY(failure);
    TRY(enter(rootfs_folder));
    umask(022);
    return success();
}
