// SPDX-License-Identifier: Apache-2.0
// Starts the process that becomes the template: as any sandbox, except that it is not PID 1 of its namespace.
// The kernel refuses CLONE_PARENT, by which copies become children of the slot, to a PID 1.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "processes/process.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/// Stack of the process that makes the template and its PID 1.
enum { START_STACK_BYTES = 16384 };

// PID 1 of the template's namespace. It has a copy of the slot's memory, and no descriptor but one of the slot's
// process, whose end it waits for: a signal for that end could be asked for too late, when the slot is gone.
static int init_main(void *argument) {
    struct pollfd slot_end = {.fd = 0, .events = POLLIN};
    long ready = SYS3(SYS_dup3, *(int *)argument, 0, O_CLOEXEC);
    SYS3(SYS_close_range, 1, ~0U, 0);
    while (ready == 0 || ready == -EINTR)
        ready = SYS5(SYS_ppoll, &slot_end, 1, NULL, NULL, 0);
    return 0;
}

/// For the process that makes both.
struct start_job {
    pid_t id;
    /// Of the slot's process.
    int pidfd;
    struct clone_args arguments;
    struct failure failure;
};

// Both become children of the slot. A process that is not PID 1 may do that.
static int start_both(void *argument) {
    struct start_job *job = argument;
    char stack[1024] __attribute__((aligned(16)));
    job->failure = check(CSANDBOX_STEP_TEMPLATE_NAMESPACE, SYS1(SYS_unshare, CLONE_NEWPID));
    if (failed(job->failure))
        return 0;
    long init =
        clone_onto_stack(CLONE_PARENT | SIGCHLD, stack, sizeof stack, init_main, &job->pidfd);
    job->failure = check(CSANDBOX_STEP_TEMPLATE_NAMESPACE, init);
    if (failed(job->failure))
        return 0;
    template.init = (pid_t)init;
    long pid = clone3_onto_stack(&job->arguments, sizeof job->arguments, slot.sandbox_stack,
                                 sizeof slot.sandbox_stack, sandbox_main, NULL);
    job->failure = check(CSANDBOX_STEP_TEMPLATE_CLONE, pid);
    template.process = pid > 0 ? (pid_t)pid : 0;
    return 0;
}

// The slot cannot make its children in another PID namespace and return: its own belongs to the host's
// user namespace. So a child does it. It shares memory and descriptors; the slot waits for its end.
static struct failure start_in_child(void) {
    struct start_job job = {.id = TEMPLATE_TID,
                            .failure = {CSANDBOX_STEP_TEMPLATE_NAMESPACE, ECHILD}};
    job.arguments = (struct clone_args){.flags = CLONE_VM | CLONE_PARENT,
                                        .set_tid = (uint64_t)(uintptr_t)&job.id,
                                        .set_tid_size = 1};
    char stack[START_STACK_BYTES] __attribute__((aligned(16)));
    template.own_ipc = openat(slot.proc, "self/ns/ipc", O_RDONLY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_NAMESPACE, template.own_ipc));
    job.pidfd = (int)SYS2(SYS_pidfd_open, getpid(), 0);
    TRY(check(CSANDBOX_STEP_TEMPLATE_NAMESPACE, job.pidfd));
    long pid = clone_onto_stack(CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, stack, sizeof stack,
                                start_both, &job);
    close(job.pidfd);
    TRY(check(CSANDBOX_STEP_TEMPLATE_NAMESPACE, pid));
    SYS4(SYS_wait4, pid, NULL, __WALL, NULL);
    return job.failure;
}

// The slot keeps its ends: the template never gets input, and has written nothing when it is ready.
static struct failure take_pipes(void) {
    TRY(sandbox_next_pipes());
    slot.pipes = slot.next_pipes;
    for (int i = 0; i < 3; i++) {
        struct stat status;
        TRY(check_errno(CSANDBOX_STEP_SANDBOX_PIPES, fstat(slot.pipes.gateway[i], &status)));
        template.pipes[i] = status.st_ino;
        template.ends[i] = slot.pipes.gateway[i];
        slot.next_pipes.function[i] = slot.next_pipes.gateway[i] = -1;
    }
    return success();
}

struct failure template_start(void) {
    TRY(root_ensure(&slot.root));
    TRY(take_pipes());
    sockets_reset();
    slot.stage = STAGE_SETTING_UP;
    slot.sandbox_failure = success();
    slot.exec_at_ns = 0;
    // It does not announce itself.
    slot.is_announced = true;
    struct failure failure = start_in_child();
    for (int i = 0; i < 3; i++)
        close(slot.pipes.function[i]);
    return failure;
}
