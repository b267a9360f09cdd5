// SPDX-License-Identifier: Apache-2.0
// Starts the process that becomes a sandbox. It shares memory with the slot (CLONE_VM), which saves copying
// page tables, runs on its own stack, and executes before any code of the function runs.
#define _GNU_SOURCE
#include "network/links.h"
#include "network/network.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

static const struct stdio_pipes no_pipes = {{-1, -1, -1}, {-1, -1, -1}};

static void close_all(const int *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

void stdio_pipes_close(const struct stdio_pipes *pipes) {
    close_all(pipes->function, 3);
    close_all(pipes->gateway, 3);
}

// The function reads from index 0 and writes to 1 and 2.
static struct failure make_pipe(struct stdio_pipes *pipes, int i) {
    int ends[2];
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_PIPES, pipe2(ends, O_CLOEXEC | O_NONBLOCK)));
    pipes->function[i] = ends[i == 0 ? 0 : 1];
    pipes->gateway[i] = ends[i == 0 ? 1 : 0];
    // The gateway's ends do not block; the function's ends do.
    return check_errno(CSANDBOX_STEP_SANDBOX_PIPES, fcntl(pipes->function[i], F_SETFL, 0));
}

struct failure stdio_pipes_make(struct stdio_pipes *pipes) {
    *pipes = no_pipes;
    for (int i = 0; i < 3; i++) {
        struct failure failure = make_pipe(pipes, i);
        if (failed(failure)) {
            stdio_pipes_close(pipes);
            *pipes = no_pipes;
            return failure;
        }
    }
    return success();
}

struct failure sandbox_next_pipes(void) {
    return slot.next_pipes.function[0] >= 0 ? success() : stdio_pipes_make(&slot.next_pipes);
}

void sandbox_next_announced(void) {
    close_all(slot.next_pipes.gateway, 3);
    for (int i = 0; i < 3; i++)
        slot.next_pipes.gateway[i] = -1;
    slot.is_announced = true;
}

struct failure sandbox_prepare(void) {
    slot.root.mounts = -1;
    slot.next_pipes = no_pipes;
    slot.proc = open("/base/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, slot.proc));
    slot.init = -1;
    if (slot.plan.flags & CSANDBOX_SLOT_INIT) {
        int program = openat(slot.proc, "self/exe", O_RDONLY | O_CLOEXEC);
        TRY(check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, program));
        // Not a number that the sandbox needs for something else.
        slot.init = fcntl(program, F_DUPFD_CLOEXEC, SANDBOX_INIT_DESCRIPTOR + 1);
        close(program);
        TRY(check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, slot.init));
    }
    return mount_namespace_of_now(&slot.own_mounts);
}

// Creates a network namespace after a sandbox that has used the slot's, or that had its own because
// the slot was in the empty one. A slot with egress keeps its namespace: only the spawner can give
// it an interface.
static struct failure network_ready(void) {
    bool is_used = slot.shares_empty_network || sockets_used_network();
    if (slot.stage != STAGE_RELEASED || !is_used || slot.plan.flags & CSANDBOX_SLOT_EGRESS)
        return success();
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, SYS1(SYS_unshare, CLONE_NEWNET)));
    TRY(loopback_up());
    TRY(links_up());
    slot.shares_empty_network = false;
    return success();
}

struct failure sandbox_start(void) {
    TRY(network_ready());
    TRY(root_ensure(&slot.root));
    TRY(sandbox_next_pipes());
    sockets_reset();
    slot.missing_interpreter[0] = 0;
    slot.pipes = slot.next_pipes;
    slot.next_pipes = no_pipes;
    slot.number++;
    slot.stage = STAGE_SETTING_UP;
    slot.sandbox_failure = success();
    slot.ready_at_ns = slot.exec_at_ns = 0;
    slot.prepares_next = false;
    slot.used_before = (struct cpu_times){0, 0};
    bool is_called = slot.is_announced;
    long pid = clone_onto_stack(CLONE_VM | CLONE_NEWPID | SIGCHLD, slot.sandbox_stack,
                                sizeof slot.sandbox_stack, sandbox_main, NULL);
    // The sandbox has copies of the descriptors, so the slot's can be closed. Their numbers are in
    // shared memory, from which the sandbox reads them.
    stdio_pipes_close(&slot.pipes);
    TRY(check(CSANDBOX_STEP_SANDBOX_CLONE, pid));
    slot.sandbox = (pid_t)pid;
    // Created ahead of the end of this sandbox when it was announced with the end of another; a
    // failure is ignored here, because the pipes are created again when they are needed.
    if (is_called)
        sandbox_next_pipes();
    return success();
}
