// SPDX-License-Identifier: Apache-2.0
// Processes that enter the running sandbox: orders for them, signals, their ends. The slot is their parent, as it is
// PID 1's, and they end with PID 1.
#define _GNU_SOURCE
#include "csandbox_channel.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct entered_process *place_of(uint32_t number) {
    for (size_t i = 0; i < CSANDBOX_ENTERED_MAX; i++)
        if (slot.entered[i].pid != 0 ? slot.entered[i].number == number : number == 0)
            return &slot.entered[i];
    return NULL;
}

static bool is_valid(const struct csandbox_enter_head *head) {
    return head->group_count <= CSANDBOX_GROUPS_MAX && head->directory[0] == '/' &&
           memchr(head->directory, 0, sizeof head->directory);
}

static struct failure check_order(const struct csandbox_enter_head *head) {
    if (!is_valid(head))
        return (struct failure){CSANDBOX_STEP_PROTOCOL, EINVAL};
    if (slot.sandbox == 0 || head->sandbox != slot.number)
        return (struct failure){CSANDBOX_STEP_ENTER_NAMESPACES, ESRCH};
    // Until execve PID 1 is the slot's code, and may lack its network namespace.
    if (slot.stage != STAGE_RELEASED || slot.exec_at_ns == 0)
        return (struct failure){CSANDBOX_STEP_ENTER_NAMESPACES, EAGAIN};
    return place_of(0) ? success() : (struct failure){CSANDBOX_STEP_ENTER_CLONE, EUSERS};
}

static struct failure open_entry(struct entry *entry) {
    int ends[2];
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_PIPES, pipe2(ends, O_CLOEXEC | O_NONBLOCK)));
    entry->failure_gateway = ends[0];
    entry->failure_process = ends[1];
    TRY(stdio_pipes_make(&entry->pipes));
    // PID 1 is this process's child and not reaped yet: the number cannot be another's.
    long sandbox = SYS2(SYS_pidfd_open, slot.sandbox, 0);
    entry->sandbox = (int)sandbox;
    return check(CSANDBOX_STEP_ENTER_NAMESPACES, sandbox);
}

static void close_entry(const struct entry *entry) {
    const int descriptors[] = {entry->failure_gateway, entry->failure_process, entry->sandbox};
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    stdio_pipes_close(&entry->pipes);
}

// The slot cannot return from the namespaces, so a helper enters them. It shares the slot's memory, has
// descriptors of its own, and the slot waits for its end. With SIGCHLD, because a process that is made with
// CLONE_PARENT has its maker's signal.
static struct failure run_helper(struct entry *entry) {
    long pid = clone_onto_stack(CLONE_VM | CLONE_VFORK | SIGCHLD, slot.helper_stack,
                                sizeof slot.helper_stack, enter_main, entry);
    TRY(check(CSANDBOX_STEP_ENTER_CLONE, pid));
    SYS4(SYS_wait4, pid, NULL, __WALL, NULL);
    return entry->failure;
}

static void refuse(const struct csandbox_enter *order, struct failure failure) {
    const struct csandbox_enter_answer answer = {
        .header = {.kind = CSANDBOX_ENTER, .slot = slot.plan.header.slot},
        .sequence = order->head.sequence,
        .error = failure.error,
        .step = failure.step,
    };
    if (csandbox_send(slot.control, &answer, sizeof answer, NULL, 0) < 0)
        _exit(1);
}

void enter_order_answer(const struct csandbox_enter *order, size_t size) {
    struct entry entry = {
        .order = order,
        .size = size,
        .number = slot.entered_last + 1,
        .pipes = {{-1, -1, -1}, {-1, -1, -1}},
        .failure_gateway = -1,
        .failure_process = -1,
        .sandbox = -1,
        // Kept when the helper is killed.
        .failure = {CSANDBOX_STEP_ENTER_CLONE, ECHILD},
    };
    struct failure failure = check_order(&order->head);
    if (!failed(failure))
        failure = open_entry(&entry);
    if (!failed(failure))
        failure = run_helper(&entry);
    slot.entered_last = entry.is_announced ? entry.number : slot.entered_last;
    if (entry.process != 0)
        *place_of(0) = (struct entered_process){entry.process, entry.number};
    close_entry(&entry);
    if (!entry.is_announced)
        refuse(order, failure);
}

void entered_signal(uint32_t number, int signal) {
    struct entered_process *process = number > 0 ? place_of(number) : NULL;
    if (!process || signal <= 0)
        return;
    // What it started ends with it; before its setsid() there is no group of that number.
    if (signal == SIGKILL)
        kill(-process->pid, SIGKILL);
    kill(process->pid, signal);
}

static void report_end(uint32_t number, int status, const struct rusage *usage) {
    const struct csandbox_entered_exit message = {
        .header = {.kind = CSANDBOX_ENTERED_EXIT, .slot = slot.plan.header.slot},
        .process = number,
        .wait_status = status,
        .user_time_us = usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec,
        .system_time_us = usage->ru_stime.tv_sec * 1000000 + usage->ru_stime.tv_usec,
        .max_rss_bytes = usage->ru_maxrss * 1024,
    };
    if (csandbox_send(slot.control, &message, sizeof message, NULL, 0) < 0)
        _exit(1);
}

void entered_reap(void) {
    for (size_t i = 0; i < CSANDBOX_ENTERED_MAX; i++) {
        struct entered_process *process = &slot.entered[i];
        int status;
        struct rusage usage;
        if (process->pid == 0 || wait4(process->pid, &status, WNOHANG, &usage) != process->pid)
            continue;
        process->pid = 0;
        report_end(process->number, status, &usage);
    }
}
