// SPDX-License-Identifier: Apache-2.0
// The life of a slot's template: started by an order, looked at until it waits for its request, then frozen. It
// ends with the slot: the gateway replaces it by giving up the slot.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "csandbox_channel.h"
#include "slot/slot.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/// Pauses between two looks at a starting template: at first less than a small program needs to start.
enum { LOOK_MIN_MS = 1, LOOK_MAX_MS = 8, LOOKS_OF_MIN = 20 };

struct template template;

static void answer(struct failure failure) {
    struct csandbox_template_answer message = {
        .header = {.kind = failed(failure) ? CSANDBOX_TEMPLATE_FAILED : CSANDBOX_TEMPLATE_READY,
                   .slot = slot.plan.header.slot},
        .step = failure.step,
        .error = failure.error,
        .number = template.number,
    };
    memcpy(message.culprit, template.culprit, sizeof message.culprit);
    if (csandbox_send(slot.control, &message, sizeof message, NULL, 0) < 0)
        _exit(1);
}

// After a failure the slot is of no use. Its release message may still be in the socket, where
// another sandbox would read it: the slot makes none.
static void refuse(struct failure failure) {
    template.stage = TEMPLATE_LOST;
    runtime_close();
    if (template.process > 0)
        kill(template.process, SIGKILL);
    answer(failure);
}

static struct failure check_host(int32_t port) {
    if (port < -UINT16_MAX || port > UINT16_MAX)
        return (struct failure){CSANDBOX_STEP_PROTOCOL, EINVAL};
    if (!(slot.plan.flags & CSANDBOX_SLOT_TEMPLATE) || template.stage != TEMPLATE_NONE)
        return (struct failure){CSANDBOX_STEP_PROTOCOL, EINVAL};
#if !defined(__x86_64__)
    return (struct failure){CSANDBOX_STEP_TEMPLATE_SUPPORT, ENOSYS};
#endif
    return success();
}

void template_make(int32_t port) {
    template.asked_ns = facts_now_ns();
    struct failure failure = check_host(port);
    template.port = port > 0 ? (uint16_t)port : 0;
    template.runtime_port = port < 0 ? (uint16_t)-port : 0;
    template.runtime_listener = -1;
    for (int i = 0; i < RUNTIME_CONNECTIONS_MAX; i++)
        template.runtime_connections[i] = -1;
    if (!failed(failure) && template.runtime_port != 0)
        failure = runtime_open();
    if (!failed(failure))
        failure = template_start();
    template.stage = TEMPLATE_STARTING;
    if (failed(failure))
        refuse(failure);
}

int template_wait_ms(void) {
    if (template.stage != TEMPLATE_STARTING)
        return -1;
    return template.looks++ < LOOKS_OF_MIN ? LOOK_MIN_MS : LOOK_MAX_MS;
}

void template_tick(void) {
    if (template.stage != TEMPLATE_STARTING)
        return;
    int64_t now = facts_now_ns();
    if (slot.exec_at_ns == 0 || !template_is_waiting()) {
        if (now - template.asked_ns > TEMPLATE_START_MS * 1000000LL)
            refuse((struct failure){CSANDBOX_STEP_TEMPLATE_READY, ETIMEDOUT});
        return;
    }
    template.start_cost_us = facts_cost_us(template.process);
    slot.is_announced = false;
    struct failure failure = template_freeze();
    runtime_close();
    if (failed(failure)) {
        refuse(failure);
        return;
    }
    template.stage = TEMPLATE_CHECKED;
    template.number = 0;
    answer(success());
}

static bool has_ended(pid_t process) {
    int status;
    return process > 0 && waitpid(process, &status, WNOHANG | __WALL) == process &&
           !WIFSTOPPED(status);
}

// Copies that run are not in danger: only the template is gone.
void template_reap(void) {
    bool is_lost = has_ended(template.process);
    if (is_lost)
        template.process = 0;
    if (has_ended(template.init)) {
        template.init = 0;
        is_lost = true;
    }
    if (!is_lost || template.stage == TEMPLATE_LOST)
        return;
    bool is_starting = template.stage == TEMPLATE_STARTING;
    template.stage = TEMPLATE_LOST;
    if (is_starting)
        refuse(failed(slot.sandbox_failure)
                   ? slot.sandbox_failure
                   : (struct failure){CSANDBOX_STEP_TEMPLATE_START, ECHILD});
}
