// SPDX-License-Identifier: Apache-2.0
// Opens folders and files of the host for a sandbox: volumes, and folders of build steps. Only the supervisor
// still sees the host's mounts. A child opens the tree in a copy of the mount namespace, which even an
// ordinary user may do.
#define _GNU_SOURCE
#include "mounts/host_tree.h"
#include "csandbox_channel.h"
#include "mounts/mount_calls.h"
#include "step.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void answer_with(int socket, struct failure failure, int tree) {
    struct csandbox_outcome message = {
        .header = {.kind = CSANDBOX_OPEN_TREE}, .step = failure.step, .error = failure.error};
    csandbox_send(socket, &message, sizeof message, &tree, tree >= 0 ? 1 : 0);
}

/// Folders of the system: write access as root to one of them is root access to the host. Their
/// parents are refused too.
static const char *const system_folders[] = {"/bin",   "/boot",  "/dev",  "/etc",  "/lib",
                                             "/lib32", "/lib64", "/proc", "/root", "/run",
                                             "/sbin",  "/sys",   "/usr",  "/var"};

static bool is_below(const char *path, const char *folder) {
    size_t length = strlen(folder);
    return !strncmp(path, folder, length) && (path[length] == '/' || path[length] == 0);
}

bool path_of_descriptor(int place, char *path) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    ssize_t length = readlink(link, path, CSANDBOX_PATH_MAX - 1);
    if (length <= 0 || length >= CSANDBOX_PATH_MAX - 1 || path[0] != '/')
        return false;
    path[length] = 0;
    return true;
}

// Only what the gateway names below DATA is of DATA: no link in a folder of the host leads there, nor to
// a folder around it.
static bool is_allowed(const struct host_tree_rules *rules, int place, bool is_named) {
    char path[CSANDBOX_PATH_MAX];
    if (!path_of_descriptor(place, path))
        return false;
    if (rules->data[0] && is_below(path, rules->data))
        return is_named;
    if (rules->is_data_only || (rules->data[0] && is_below(rules->data, path)))
        return false;
    for (size_t i = 0; i < sizeof system_folders / sizeof system_folders[0]; i++)
        if (is_below(path, system_folders[i]) || is_below(system_folders[i], path))
            return false;
    return strcmp(path, "/") != 0;
}

// Without the mounts below, except where the kernel requires them (rootless).
static struct failure open_tree_of(const struct csandbox_open_tree *order,
                                   const struct host_tree_rules *rules, long *tree) {
    if (order->folder[0] != '/' || !memchr(order->folder, 0, sizeof order->folder) ||
        !memchr(order->name, 0, sizeof order->name))
        return (struct failure){CSANDBOX_STEP_HOST_TREE, EINVAL};
    int place = open(order->folder, O_PATH | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_HOST_TREE, place));
    if (order->name[0])
        place = (int)open_beneath(place, order->name, O_PATH);
    TRY(check(CSANDBOX_STEP_HOST_TREE, place));
    if (rules->data && !is_allowed(rules, place, order->name[0] != 0))
        return (struct failure){CSANDBOX_STEP_HOST_TREE, EPERM};
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    *tree = raw_open_tree(place, "", flags | (rules->is_recursive ? AT_RECURSIVE : 0));
    return check(CSANDBOX_STEP_HOST_TREE, *tree);
}

pid_t host_tree_open(const struct csandbox_open_tree *order, int answer,
                     const struct host_tree_rules *rules) {
    long pid = SYS5(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        long tree = -1;
        struct failure failure = open_tree_of(order, rules, &tree);
        answer_with(answer, failure, (int)tree);
        _exit(0);
    }
    if (pid < 0)
        answer_with(answer, check(CSANDBOX_STEP_HOST_TREE, pid), -1);
    return (pid_t)pid;
}
