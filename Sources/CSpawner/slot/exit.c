// SPDX-License-Identifier: Apache-2.0
// The end of a sandbox: its report to the gateway, and the preparation of the next one.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "csandbox_channel.h"
#include "processes/process.h"
#include "sandbox/sandbox.h"
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

// Limits that the sandbox has reached, besides that of memory.
static uint32_t limits_reached(void) {
    uint32_t refused = cgroups_pids_refused(&slot.cgroups);
    uint32_t reached = refused != slot.pids_refused_before ? CSANDBOX_LIMIT_PIDS : 0;
    slot.pids_refused_before = refused;
    bool is_full = slot.copy_layer >= 0 ? layer_is_full(slot.copy_layer) : root_is_full(&slot.root);
    return is_full ? reached | CSANDBOX_LIMIT_DISK : reached;
}

// Sends the pipes of the next sandbox together with the end of this one. The gateway may release
// the next sandbox from then on, without another message or wake-up of the slot.
static bool send_exit_and_next(struct csandbox_exit *message) {
    if (!slot.prepares_next)
        return false;
    // A copy makes its pipes itself.
    if (slot.plan.flags & CSANDBOX_SLOT_TEMPLATE) {
        message->next_sandbox = slot.number + 1;
        return csandbox_send(slot.control, message, sizeof *message, NULL, 0) == 0;
    }
    if (failed(sandbox_next_pipes()))
        return false;
    message->next_sandbox = slot.number + 1;
    if (csandbox_send(slot.control, message, sizeof *message, slot.next_pipes.gateway, 3) < 0)
        return false;
    sandbox_next_announced();
    return true;
}

// The kernel refuses descriptors while too many of this user's are in transit between sockets
// (unix(7), ETOOMANYREFS). The end is then sent without them, because a call waits for it.
static void send_exit(struct csandbox_exit *message) {
    if (send_exit_and_next(message))
        return;
    slot.prepares_next = false;
    message->next_sandbox = 0;
    if (csandbox_send(slot.control, message, sizeof *message, NULL, 0) < 0)
        _exit(1);
}

// Processor time since the assignment.
static int64_t used_since(const struct timeval *used, int64_t before) {
    int64_t since = used->tv_sec * 1000000 + used->tv_usec - before;
    return since > 0 ? since : 0;
}

static void report_exit(int status, const struct rusage *usage) {
    // Also for a sandbox that ended well: PID 1 may survive the kill of another process.
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

// Reports a sandbox that ended before it read its release message. After the announcement that
// message may already be in the socket, where the next sandbox would read it: then the slot ends.
static void report_failed_sandbox(struct failure failure) {
    outcome_send(slot.control, CSANDBOX_SANDBOX_FAILED, slot.plan.header.slot, failure);
    if (slot.is_announced)
        _exit(1);
}

void sandbox_make(void) {
    bool is_copy = slot.plan.flags & CSANDBOX_SLOT_TEMPLATE;
    struct failure failure = slot.sandbox ? (struct failure){CSANDBOX_STEP_PROTOCOL, EBUSY}
                             : is_copy    ? copy_make()
                                          : sandbox_start();
    if (failed(failure))
        report_failed_sandbox(failure);
}

// Nothing of a copy is used again: its root and all of its namespaces end with it.
static void end_copy(int status, const struct rusage *usage) {
    report_exit(status, usage);
    close(slot.copy_layer);
    if (slot.copy_listener >= 0)
        close(slot.copy_listener);
    slot.copy_layer = slot.copy_listener = -1;
    if (slot.prepares_next)
        sandbox_make();
}

// When PID 1 of a PID namespace can be reaped, every other process in it has been reaped (kernel:
// exit.c, zap_pid_ns_processes).
void sandbox_reap(void) {
    struct signalfd_siginfo info;
    // At most one SIGCHLD is pending, however many children ended.
    if (read(slot.signals, &info, sizeof info) < 0)
        return;
    template_reap();
    int status;
    struct rusage usage;
    if (slot.sandbox == 0 || wait4(slot.sandbox, &status, WNOHANG, &usage) != slot.sandbox)
        return;
    slot.sandbox = 0;
    if (slot.plan.flags & CSANDBOX_SLOT_TEMPLATE) {
        end_copy(status, &usage);
        return;
    }
    // The gateway reads the folder with the changes after the report, so its mounts are removed
    // before.
    if (slot.plan.flags & CSANDBOX_SLOT_LAYER)
        root_release(&slot.root);
    bool was_released = slot.stage == STAGE_RELEASED;
    if (!was_released)
        report_failed_sandbox(failed(slot.sandbox_failure)
                                  ? slot.sandbox_failure
                                  : (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, ECHILD});
    slot.is_announced = false;
    // Neither root nor network namespace can be used again: this slot ends, and the gateway makes
    // another.
    bool is_last = was_released && sockets_outlive_sandbox();
    if (is_last)
        slot.prepares_next = false;
    if (was_released)
        report_exit(status, &usage);
    // A held root is read first; the gateway gives the slot back then.
    if (is_last && !slot.root.is_held)
        _exit(0);
    // After the report, so that the call does not wait for it.
    root_recycle(&slot.root, was_released);
    if (slot.prepares_next)
        sandbox_make();
}
