// SPDX-License-Identifier: Apache-2.0
// Folders and files of the host for a sandbox: volumes, and what build steps
// work on. Only the supervisor still sees the host's mounts; a process of its own opens the tree, in a
// copy of them, which is what even an ordinary user may do.
#define _GNU_SOURCE
#include "mounts.h"
#include "spawner.h"
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void answer_with(int socket, struct failure failure, int tree) {
    struct csandbox_outcome message = {
        .header = {.kind = CSANDBOX_OPEN_TREE}, .step = failure.step, .error = failure.error};
    csandbox_send(socket, &message, sizeof message, &tree, tree >= 0 ? 1 : 0);
}

// What is mounted below comes along only where the kernel does not let it be left out.
static struct failure open_tree_of(const struct csandbox_open_tree *order, long *tree) {
    if (order->folder[0] != '/' || !memchr(order->folder, 0, sizeof order->folder) ||
        !memchr(order->name, 0, sizeof order->name))
        return (struct failure){CSANDBOX_STEP_HOST_TREE, EINVAL};
    int place = open(order->folder, O_PATH | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_HOST_TREE, place));
    if (order->name[0])
        place = (int)open_beneath(place, order->name, O_PATH);
    TRY(check(CSANDBOX_STEP_HOST_TREE, place));
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    *tree = raw_open_tree(place, "", flags | (rootless() ? AT_RECURSIVE : 0));
    return check(CSANDBOX_STEP_HOST_TREE, *tree);
}

void host_tree_open(const struct csandbox_open_tree *order, int answer) {
    long pid = SYS5(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        long tree = -1;
        struct failure failure = open_tree_of(order, &tree);
        answer_with(answer, failure, (int)tree);
        _exit(0);
    }
    if (pid < 0)
        answer_with(answer, check(CSANDBOX_STEP_HOST_TREE, pid), -1);
}
