// SPDX-License-Identifier: Apache-2.0
// The root of a copy. Its mounts belong to the slot's user namespace; the copy's own user namespace has no
// power over them.
#define _GNU_SOURCE
#include "mounts/copy_root.h"
#include "copies/copies.h"
#include "mounts/mount_calls.h"
#include "mounts/root.h"
#include "sandbox/sandbox.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/// Stack of each of the two processes that make /proc before Linux 6.17.
enum { PROC_STACK_BYTES = 8192 };

static struct failure mount_and_detach(struct copy_root *root, bool has_layer) {
    TRY(root_mount_for_copy(has_layer));
    root->layer = open("/base/layer/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_COPY_ROOT, root->layer));
    long tree =
        raw_open_tree(AT_FDCWD, "/newroot", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    root->tree = (int)tree;
    return check(CSANDBOX_STEP_COPY_ROOT, tree);
}

struct failure copy_root_make(struct copy_root *root, bool has_layer) {
    TRY(check(CSANDBOX_STEP_COPY_ROOT, SYS1(SYS_unshare, CLONE_NEWNS)));
    struct failure failure = mount_and_detach(root, has_layer);
    enter_mounts(slot.own_mounts);
    return failure;
}

struct failure template_layer_open(int *layer) {
    long tree = raw_open_tree(AT_FDCWD, "/base/layer", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    *layer = (int)tree;
    return check(CSANDBOX_STEP_SANDBOX_LAYER, tree);
}

struct failure template_layer_attach(int layer) {
    long result = raw_move_mount(layer, AT_FDCWD, "/base/template-layer", 0);
    close(layer);
    return check(CSANDBOX_STEP_SANDBOX_LAYER, result);
}

/// For the processes that make /proc.
struct proc_job {
    int pidfd;
    long tree;
    char outer_stack[PROC_STACK_BYTES] __attribute__((aligned(16)));
    char inner_stack[PROC_STACK_BYTES] __attribute__((aligned(16)));
};

static int make_proc(void *argument) {
    struct proc_job *job = argument;
    struct failure failure = sandbox_make_proc(NULL, &job->tree);
    if (failed(failure))
        job->tree = -failure.error;
    return 0;
}

// Runs in a child that shares memory and descriptors, and waits for its end.
static long run_in_child(int (*entry)(void *), struct proc_job *job, char *stack) {
    long pid = clone_onto_stack(CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, stack,
                                PROC_STACK_BYTES, entry, job);
    if (pid >= 0)
        SYS4(SYS_wait4, pid, NULL, __WALL, NULL);
    return pid;
}

// Only children of a process that has entered a PID namespace are in it.
static int enter_and_make_proc(void *argument) {
    struct proc_job *job = argument;
    job->tree = SYS2(SYS_setns, job->pidfd, CLONE_NEWPID);
    if (job->tree < 0)
        return 0;
    job->tree = -ECHILD;
    long pid = run_in_child(make_proc, job, job->inner_stack);
    if (pid < 0)
        job->tree = pid;
    return 0;
}

// The slot itself could not return to its own PID namespace, which belongs to the host's user namespace.
static long make_proc_in_child(int pidfd) {
    struct proc_job job = {.pidfd = pidfd, .tree = -ECHILD};
    long pid = run_in_child(enter_and_make_proc, &job, job.outer_stack);
    return pid < 0 ? pid : job.tree;
}

// Since Linux 6.17 the namespace can be named.
static long make_proc_of(pid_t copy, int pidfd) {
    char path[64];
    long tree = -1;
    snprintf(path, sizeof path, "/base/proc/%d/ns/pid", copy);
    return failed(sandbox_make_proc(path, &tree)) ? make_proc_in_child(pidfd) : tree;
}

// The file system belongs to the IPC namespace of the process that mounts it.
static struct failure mount_queues(int pidfd) {
    TRY(check(CSANDBOX_STEP_COPY_MOUNTS, SYS2(SYS_setns, pidfd, CLONE_NEWIPC)));
    long result =
        raw_mount("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    if (SYS2(SYS_setns, template.own_ipc, CLONE_NEWIPC) < 0)
        _exit(1);
    return check(CSANDBOX_STEP_COPY_MOUNTS, result);
}

// A second entry leads to the root that the first one has put on top.
static struct failure attach_inside(const struct copy_root *root, int pidfd, int proc) {
    TRY(check(CSANDBOX_STEP_COPY_MOUNTS, SYS2(SYS_setns, pidfd, CLONE_NEWNS)));
    TRY(check(CSANDBOX_STEP_COPY_MOUNTS, raw_move_mount(root->tree, AT_FDCWD, "/", 0)));
    TRY(check(CSANDBOX_STEP_COPY_MOUNTS, SYS2(SYS_setns, pidfd, CLONE_NEWNS)));
    TRY(mount_queues(pidfd));
    return sandbox_fill_proc(proc);
}

struct failure copy_root_attach(const struct copy_root *root, pid_t copy, int pidfd) {
    long proc = make_proc_of(copy, pidfd);
    TRY(check(CSANDBOX_STEP_COPY_PROC, proc));
    struct failure failure = attach_inside(root, pidfd, (int)proc);
    enter_mounts(slot.own_mounts);
    close((int)proc);
    return failure;
}
