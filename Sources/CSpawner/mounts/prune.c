// SPDX-License-Identifier: Apache-2.0
// The spawner's own mount namespace: a tmpfs with /proc, /sys, /dev and the
// rootfs folder, and nothing else of the host. Every slot copies it, so each
// mount here is paid for again and again; and what is not here cannot leak.
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

// Real nodes on a tmpfs of the initial user namespace work in every namespace
// that sees the mount; one mount instead of six. Without privileges nodes
// cannot be made, so the host's are bound one by one.
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
    static const char *const folders[] = {"proc",
                                          "sys",
                                          "dev",
                                          "rootfs",
                                          "slot",
                                          "stage",
                                          "stage/image",
                                          "stage/files",
                                          "stage/w",
                                          "stage/n",
                                          "empty-network-sys",
                                          "sys-whiteouts",
                                          "nothing"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        TRY(check_errno(CSANDBOX_STEP_PRUNE_TMPFS, mkdir(folders[i], 0755)));
    return fine();
}

// /sys is only there so that a slot may mount its own: the kernel wants to see
// one first. With its children where they are locked together (rootless), else
// without.
static struct failure fill(const struct host *host, int rootfs_tree) {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    TRY(check(CSANDBOX_STEP_PRUNE_SYS,
              raw_mount("/sys", "sys", NULL, MS_BIND | (rootless(host) ? MS_REC : 0), NULL)));
    TRY(make_dev(host));
    TRY(check(CSANDBOX_STEP_PRUNE_ROOTFS, raw_move_mount(rootfs_tree, AT_FDCWD, "rootfs", 0)));
    // The supervisor's tree may share its mounts with the host's.
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

// The rootfs folder is taken as a detached tree first, since the tmpfs may come
// to lie over it.
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
    return fine();
}
