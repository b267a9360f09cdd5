// SPDX-License-Identifier: Apache-2.0
// Requests for overlays as a slot under an attacker's control may send them, answered by the spawner's own code:
// overlay_requests FOLDER. A line for each says what came of it, and whether anything is left.
#define _GNU_SOURCE
#include "csandbox_channel.h"
#include "mounts/mount_calls.h"
#include "mounts/mounts.h"
#include "slot/slot.h"
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { OWNER = 100000, DISK_BYTES = 1 << 20 };

/// Nothing of it is used; system calls add its cookie.
struct slot slot;

static int own, ends[2]; // /proc/self; slot, spawner

static void need(long result, const char *what) {
    if (result >= 0)
        return;
    perror(what);
    exit(3);
}

// Mounts and open files of this process.
static int possessions(void) {
    char text[65536];
    int file = openat(own, "mountinfo", O_RDONLY), count = 0;
    for (ssize_t size; (size = read(file, text, sizeof text)) > 0;)
        for (ssize_t i = 0; i < size; i++)
            count += text[i] == '\n';
    close(file);
    for (int i = 0; i < 256; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static int tree_of(const char *path, unsigned flags) {
    int tree = (int)raw_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
    need(tree, path);
    return tree;
}

static void put(const char *path) { close(open(path, O_WRONLY | O_CREAT, 0644)); }

// A root as the spawner's, in a mount namespace that ends with this process; what slots have is in /own.
static void enter_root(const char *folder) {
    static const char *const folders[] = {
        "stage",      "stage/image",   "stage/files", "stage/template", "stage/layer",
        "stage/root", "own",           "own/image",   "own/files",      "own/base",
        "own/tree",   "own/image/old", "own/other",   "kept",           "kept/old"};
    need(unshare(CLONE_NEWNS), "unshare");
    need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
    need(mount("tmpfs", folder, "tmpfs", 0, NULL), "tmpfs");
    own = open("/proc/self", O_PATH | O_DIRECTORY);
    need(chdir(folder), folder);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        need(mkdir(folders[i], 0755), folders[i]);
    need(chroot("."), "chroot");
    need(mount("ramfs", "/own/other", "ramfs", 0, NULL), "ramfs");
    need(mount("tmpfs", "/own/base", "tmpfs", 0, NULL), "layer");
    need(mkdir("/own/base/upper", 0755), "upper");
    need(mkdir("/own/base/upper/old", 0755), "old");
    need(setxattr("/own/base/upper/old", "trusted.overlay.opaque", "y", 1, 0), "opaque");
    put("/own/base/upper/old/made");
    put("/own/image/old/removed");
    put("/kept/old/secret");
    need(mount("tmpfs", "/own/tree", "tmpfs", 0, NULL), "tree");
    need(symlink("/kept", "/own/tree/upper"), "link");
    need(mkdir("/own/tree/old", 0755), "mount point");
    need(mount("tmpfs", "/own/tree/old", "tmpfs", 0, NULL), "mount in the tree");
    put("/own/tree/old/secret");
}

static void show(const int *mounts, size_t count) {
    static const char *const names[] = {"old/made", "old/removed", "old/secret"};
    printf(" mounts %zu sees", count);
    for (size_t i = 0; count == 2 && i < 3; i++)
        if (faccessat(mounts[0], names[i], F_OK, 0) == 0)
            printf(" %s", names[i]);
    for (size_t i = 0; i < count; i++)
        close(mounts[i]);
}

// Takes the trees.
static void ask(const char *name, uint32_t kind, size_t size, int *trees, size_t count) {
    struct csandbox_overlay request = {.header = {.kind = kind}, .sequence = 7}, answer;
    int mounts[4];
    size_t received = 4;
    need(csandbox_send(ends[0], &request, size, trees, count), "send");
    for (size_t i = 0; i < count; i++)
        close(trees[i]);
    bool goes_on = overlay_answer(ends[1], OWNER, DISK_BYTES);
    printf("%s: %s", name, goes_on ? "answered" : "ended");
    if (goes_on) {
        need(csandbox_receive(ends[0], &answer, sizeof answer, mounts, &received, 0), "answer");
        printf(" %d", answer.error);
        show(mounts, received);
    }
    static int before;
    int now = possessions();
    // The first says what there is without a request.
    printf(before == 0 || now == before ? "\n" : " left %d\n", now - before);
    before = now;
}

static void ask_with_layer(const char *name, int layer) {
    int trees[] = {tree_of("/own/image", 0), tree_of("/own/files", 0), layer};
    ask(name, CSANDBOX_MAKE_OVERLAY, sizeof(struct csandbox_overlay), trees, 3);
}

const char *__asan_default_options(void);
// Which needs /proc.
const char *__asan_default_options(void) { return "detect_leaks=0"; }

int main(int count, char **arguments) {
    if (count != 2)
        return 2;
    enter_root(arguments[1]);
    need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
    size_t whole = sizeof(struct csandbox_overlay);
    ask("nothing", CSANDBOX_MAKE_OVERLAY, whole, NULL, 0);
    int one[] = {tree_of("/own/image", 0)};
    ask("one tree", CSANDBOX_MAKE_OVERLAY, whole, one, 1);
    int two[] = {tree_of("/own/image", 0), tree_of("/own/files", 0)};
    ask("two trees", CSANDBOX_MAKE_OVERLAY, whole, two, 2);
    int wrong[] = {tree_of("/own/image", 0), tree_of("/own/files", 0)};
    ask("another kind", CSANDBOX_DIAL, whole, wrong, 2);
    int less[] = {tree_of("/own/image", 0), tree_of("/own/files", 0)};
    ask("a part", CSANDBOX_MAKE_OVERLAY, whole - 1, less, 2);
    ask_with_layer("a layer", tree_of("/own/base/upper", 0));
    ask_with_layer("a link out of it", tree_of("/own/tree", 0));
    ask_with_layer("a mount in it", tree_of("/own/tree", AT_RECURSIVE));
    ask_with_layer("a file", tree_of("/own/base/upper/old/made", 0));
    ask_with_layer("another file system", tree_of("/own/other", 0));
    int pipes[2];
    need(pipe(pipes), "pipe");
    close(pipes[1]);
    ask_with_layer("a pipe", pipes[0]);
    int more[] = {tree_of("/own/image", 0), tree_of("/own/files", 0), tree_of("/own/base/upper", 0),
                  tree_of("/", 0)};
    ask("four trees", CSANDBOX_MAKE_OVERLAY, whole, more, 4);
    return 0;
}
