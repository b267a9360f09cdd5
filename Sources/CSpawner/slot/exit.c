// SPDX-License-Identifier: Apache-2.0
// The end of a sandbox: what the gateway is told of it, and what the slot does for the next one.
#define _GNU_SOURCE
#include "csandbox_channel.h"
#include "processes/process.h"
#include "sandbox/sandbox.h"
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

// Which limits the sandbox came to, besides the memory's.
static uint32_t limits_reached(void) {
    uint32_t refused = cgroups_pids_refused(&slot.cgroups);
    uint32_t reached = refused != slot.pids_refused_before ? CSANDBOX_LIMIT_PIDS : 0;
    slot.pids_refused_before = refused;
    return root_is_full(&slot.root) ? reached | CSANDBOX_LIMIT_DISK : reached;
}

// The pipes of the next sandbox go with the end of this one, and whoever has them may
// release it: neither message nor wake-up is needed in between.
static bool send_exit_and_next(struct csandbox_exit *message) {
    if (!slot.is_followed || failed(sandbox_next_pipes()))
        return false;
    message->next_sandbox = slot.number + 1;
    if (csandbox_send(slot.control, message, sizeof *message, slot.next_pipes.gateway, 3) < 0)
        return false;
    sandbox_next_announced();
    return true;
}

// The kernel refuses descriptors while too many of this user's are on their way between
// sockets (unix(7), ETOOMANYREFS). The end is told all the same: a call waits for it.
static void send_exit(struct csandbox_exit *message) {
    if (send_exit_and_next(message))
        return;
    slot.is_followed = false;
    message->next_sandbox = 0;
    if (csandbox_send(slot.control, message, sizeof *message, NULL, 0) < 0)
        _exit(1);
}

// What it used from its assignment on.
static int64_t used_since(const struct timeval *used, int64_t before) {
    int64_t since = used->tv_sec * 1000000 + used->tv_usec - before;
    return since > 0 ? since : 0;
}

static void tell_exit(int status, const struct rusage *usage) {
    // Also of one that ended well: it may have outlived what was killed.
    uint32_t oom_now = cgroups_oom_kills(&slot.cgroups);
    struct csandbox_exit message = {
        .header = {.kind = CSANDBOX_SANDBOX_EXIT, .slot = slot.plan.header.slot},
        .wait_status = status,
        .step = slot.sandbox_failure.step,
        .error = slot.sandbox_failure.error,
        .oom_kills = oom_now - slot.oom_before,
        .limits_reached = limits_reached(),
        .user_time_us = used_since(&usage->ru_utime, slot.used_before.user_us),
        .system_time_us = used_since(&usage->ru_stime, slot.used_before.system_us),
        .max_rss_bytes = usage->ru_maxrss * 1024,
        .ready_at_ns = slot.ready_at_ns,
        .exec_at_ns = slot.exec_at_ns,
    };
    memcpy(message.interpreter, slot.missing_interpreter, sizeof message.interpreter);
    slot.oom_before = oom_now;
    send_exit(&message);
}

// A sandbox that did not come so far as to read its release message. If one may be on
// its way, then the next sandbox would take it for its own: there is none.
static void give_up_sandbox(struct failure failure) {
    outcome_send(slot.control, CSANDBOX_SANDBOX_FAILED, slot.plan.header.slot, failure);
    if (slot.is_announced)
        _exit(1);
}

void sandbox_make(void) {
    struct failure failure =
        slot.sandbox ? (struct failure){CSANDBOX_STEP_PROTOCOL, EBUSY} : sandbox_start();
    if (failed(failure))
        give_up_sandbox(failure);
}

// When PID 1 of the sandbox can be reaped, everything else in its PID namespace
// already was: kernel, exit.c.
void sandbox_reap(void) {
    struct signalfd_siginfo info;
    // One at most is pending, however many children ended.
    if (read(slot.signals, &info, sizeof info) < 0)
        return;
    int status;
    struct rusage usage;
    if (slot.sandbox == 0 || wait4(slot.sandbox, &status, WNOHANG, &usage) != slot.sandbox)
        return;
    slot.sandbox = 0;
    // Whoever hears of the end reads the folder with the changes: by then nothing
    // is mounted over it.
    if (slot.plan.flags & CSANDBOX_SLOT_LAYER)
        root_let_go(&slot.root);
    bool was_released = slot.stage == STAGE_RELEASED;
    if (!was_released)
        give_up_sandbox(failed(slot.sandbox_failure)
                            ? slot.sandbox_failure
                            : (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, ECHILD});
    slot.is_announced = false;
    // No root and no network of this slot are what they were: it ends, and another takes its place.
    bool is_last = was_released && sockets_outlive();
    if (is_last)
        slot.is_followed = false;
    if (was_released)
        tell_exit(status, &usage);
    if (is_last)
        _exit(0);
    // Only now, off the caller's way.
    root_take_back(&slot.root, was_released);
    if (slot.is_followed)
        sandbox_make();
}
