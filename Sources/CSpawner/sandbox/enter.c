// SPDX-License-Identifier: Apache-2.0
// Another process in a running sandbox, whose program may be hostile by now. A helper, which the sandbox cannot
// see, enters its namespaces, gives up everything that the process may not have, and closes every descriptor
// but four; only then it makes the process in the sandbox's PID namespace. The process has a copy of the
// slot's memory, not the memory itself: the sandbox may stop it before it executes. Raw calls only.
#define _GNU_SOURCE
#include "sandbox/sandbox.h"
#include "sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>

/// Number of the pipe for the failure; the only descriptor of the process besides stdio.
enum { FAILURE_DESCRIPTOR = 3 };

// What the slot does not share with the sandbox. A copy has all namespaces to itself; a sandbox of a slot in the
// empty network namespace has made one of its own.
static unsigned long namespaces_of_sandbox(void) {
    if (slot.plan.flags & CSANDBOX_SLOT_TEMPLATE)
        return CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
               CLONE_NEWNET;
    return CLONE_NEWPID | CLONE_NEWNS | (slot.shares_empty_network ? CLONE_NEWNET : 0);
}

// Root and working directory become those of the sandbox's mount namespace, whatever PID 1 has changed its own
// to. The helper itself stays in its PID namespace: only its children are in the sandbox's.
static struct failure enter_namespaces(const struct entry *entry) {
    TRY(check(CSANDBOX_STEP_ENTER_NAMESPACES,
              SYS2(SYS_setns, entry->sandbox, namespaces_of_sandbox())));
    return slot.plan.flags & CSANDBOX_SLOT_TEMPLATE ? drop_entered_capabilities() : success();
}

// Before the process exists: the gateway can then learn each later failure from the pipe.
static struct failure announce(struct entry *entry, const struct terminal *terminal) {
    const struct csandbox_enter_answer answer = {
        .header = {.kind = CSANDBOX_ENTER, .slot = slot.plan.header.slot},
        .sequence = entry->order->head.sequence,
        .process = entry->number,
    };
    bool has_terminal = terminal->master >= 0;
    const int *ends = entry->pipes.gateway;
    const int descriptors[4] = {has_terminal ? terminal->master : ends[0],
                                has_terminal ? terminal->master : ends[1], ends[2],
                                entry->failure_gateway};
    TRY(check(CSANDBOX_STEP_SANDBOX_ANNOUNCE,
              raw_send_to_gateway(&answer, sizeof answer, descriptors, 4)));
    entry->is_announced = true;
    return success();
}

// Stdio first: none of the other descriptors is below 3, but one of them may be 3.
static struct failure keep_four(const struct entry *entry, const struct terminal *terminal) {
    for (int i = 0; i < 3; i++) {
        int end = terminal->peer >= 0 ? terminal->peer : entry->pipes.function[i];
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_dup3, end, i, 0)));
    }
    if (entry->failure_process != FAILURE_DESCRIPTOR)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO,
                  SYS3(SYS_dup3, entry->failure_process, FAILURE_DESCRIPTOR, O_CLOEXEC)));
    return check(CSANDBOX_STEP_SANDBOX_STDIO,
                 SYS3(SYS_close_range, FAILURE_DESCRIPTOR + 1, ~0U, 0));
}

// Root of an id that the host does not offer is root, as for PID 1.
static struct failure become_user(const struct csandbox_enter_head *head) {
    bool is_single = single_id(slot.host);
    const struct container_user user = {
        .uid = is_single ? 0 : head->uid,
        .gid = is_single ? 0 : head->gid,
        .group_count = is_single ? 0 : head->group_count,
        .groups = head->groups,
        .directory = head->directory,
    };
    return become_container_user(&user);
}

static void report(struct failure failure, int descriptor) {
    struct csandbox_enter_failure message = {.step = failure.step, .error = failure.error};
    for (unsigned i = 0; i < sizeof message.interpreter; i++)
        message.interpreter[i] = slot.missing_interpreter[i];
    SYS3(SYS_write, descriptor, &message, sizeof message);
}

static struct failure execute(const struct entry *entry) {
    const struct csandbox_enter *order = entry->order;
    uint64_t no_signals = 0;
    TRY(check(CSANDBOX_STEP_SANDBOX_SESSION, SYS0(SYS_setsid)));
    TRY(check(CSANDBOX_STEP_SANDBOX_SESSION,
              SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, NULL, sizeof no_signals)));
    if (order->head.flags & CSANDBOX_ENTER_TERMINAL)
        TRY(sandbox_control_terminal());
    const struct command_strings command = {
        .strings = order->strings,
        .size = entry->size - offsetof(struct csandbox_enter, strings),
        .argument_count = order->head.argument_count,
        .environment_count = order->head.environment_count,
    };
    slot.missing_interpreter[0] = 0;
    const char **environment = sandbox_split(&command);
    if (!environment)
        return (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, EINVAL};
    return check(CSANDBOX_STEP_SANDBOX_EXEC, sandbox_execute(environment));
}

static int process_main(void *argument) {
    struct failure failure = execute(argument);
    report(failure, FAILURE_DESCRIPTOR);
    return failure.step == CSANDBOX_STEP_SANDBOX_EXEC && failure.error != ENOENT ? 126 : 127;
}

// The slot is its parent, as PID 1's: the helper ends. Not dumpable, so that no process of the sandbox can look
// at it before it executes (CVE-2016-9962), also where the host's setting for changed ids differs.
static struct failure make_process(struct entry *entry) {
    TRY(check(CSANDBOX_STEP_ENTER_CLONE, SYS5(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)));
    long pid = clone_onto_stack(CLONE_PARENT | SIGCHLD, slot.entered_stack,
                                sizeof slot.entered_stack, process_main, entry);
    TRY(check(CSANDBOX_STEP_ENTER_CLONE, pid));
    entry->process = (pid_t)pid;
    return success();
}

// The answer comes before anything can fail that the image or the caller decides, such as the working directory:
// those failures go through the pipe.
static struct failure enter(struct entry *entry) {
    struct terminal terminal = {-1, -1};
    TRY(enter_namespaces(entry));
    if (entry->order->head.flags & CSANDBOX_ENTER_TERMINAL)
        TRY(sandbox_open_terminal(&terminal));
    TRY(announce(entry, &terminal));
    TRY(keep_four(entry, &terminal));
    entry->reports_to = FAILURE_DESCRIPTOR;
    // After the announcement, which sends descriptors.
    TRY(harden_open_files());
    // After stdio, whose owner it changes.
    TRY(become_user(&entry->order->head));
    return make_process(entry);
}

int enter_main(void *argument) {
    struct entry *entry = argument;
    entry->reports_to = entry->failure_process;
    entry->failure = enter(entry);
    if (failed(entry->failure) && entry->is_announced)
        report(entry->failure, entry->reports_to);
    return 0;
}
