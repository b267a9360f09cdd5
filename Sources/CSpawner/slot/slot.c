// SPDX-License-Identifier: Apache-2.0
// A slot process: generic at first, then bound to one function and parent of its sandboxes, one at a time.
#define _GNU_SOURCE
#include "slot/slot.h"
#include "copies/copies.h"
#include "csandbox_channel.h"
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct slot slot;

// A terminal belongs to one sandbox, so there are no pipes to send ahead.
static void assign_sandbox(bool prepares_next) {
    slot.used_before = cpu_times_of(slot.sandbox);
    if (prepares_next && !(slot.plan.flags & CSANDBOX_SLOT_TERMINAL))
        slot.prepares_next = true;
}

static void handle_command(const struct csandbox_command *command) {
    if (command->header.kind == CSANDBOX_MAKE_SANDBOX) {
        sandbox_make();
        return;
    }
    if (command->header.kind == CSANDBOX_MAKE_TEMPLATE) {
        template_make(command->value);
        return;
    }
    if (command->header.kind == CSANDBOX_ENTERED_SIGNAL) {
        entered_signal(command->sandbox, command->value);
        return;
    }
    // The sandbox that the order is for may have ended.
    if (slot.sandbox == 0 || command->sandbox != slot.number)
        return;
    if (command->header.kind == CSANDBOX_SIGNAL && command->value > 0)
        kill(slot.sandbox, command->value);
    else if (command->header.kind == CSANDBOX_ASSIGN)
        assign_sandbox(command->value != 0);
    else if (command->header.kind == CSANDBOX_HOLD_ROOT)
        slot.root.is_held = true;
}

// Returns whether it was a command, which takes no time.
static bool handle_order(size_t size) {
    switch (slot.order.header.kind) {
    case CSANDBOX_DIAL:
    case CSANDBOX_LISTEN:
        if (size == sizeof slot.order.socket)
            socket_order_answer(&slot.order.socket);
        return false;
    case CSANDBOX_LINK:
        if (size == sizeof slot.order.links)
            links_order_answer(&slot.order.links);
        return false;
    case CSANDBOX_OPEN_IN_ROOT:
        if (size == sizeof slot.order.file)
            file_order_answer(&slot.order.file);
        return false;
    case CSANDBOX_ENTER:
        if (size > sizeof slot.order.enter.head)
            enter_order_answer(&slot.order.enter, size);
        return false;
    case CSANDBOX_USAGE:
        if (size == sizeof slot.order.usage)
            usage_order_answer(&slot.order.usage);
        return false;
    default:
        if (size == sizeof slot.order.command)
            handle_command(&slot.order.command);
        return true;
    }
}

// Returns whether there may be another one to take before the end of the sandbox.
static bool take_order(void) {
    slot.order.header = (struct csandbox_header){0, 0};
    ssize_t size =
        csandbox_receive(slot.control, &slot.order, sizeof slot.order, NULL, NULL, MSG_DONTWAIT);
    // The gateway has closed its socket: the sandbox dies with this process (PDEATHSIG).
    if (size == 0 || (size < 0 && size != -EAGAIN && size != -EMSGSIZE))
        _exit(0);
    return size > 0 && handle_order((size_t)size);
}

// Socket notifications first: a sandbox waits for the answer. All commands before the end of the
// sandbox: an assignment, and after it an order to hold the root, then count even for a very short
// invocation.
static _Noreturn void serve(void) {
    struct pollfd sources[3] = {{.fd = slot.control, .events = POLLIN},
                                {.fd = slot.signals, .events = POLLIN},
                                {.fd = slot.listener, .events = POLLIN}};
    for (;;) {
        if (poll(sources, 3, template_wait_ms()) < 0 && errno != EINTR)
            _exit(1);
        if (sources[2].revents)
            sockets_handle_notification();
        while (sources[0].revents && take_order())
            ;
        // PID 1 can be reaped only when no process of its namespace is left; each of them brings a
        // signal of its own.
        if (sources[1].revents) {
            sandbox_reap();
            entered_reap();
        }
        template_tick();
    }
}

_Noreturn void slot_main(const struct slot_seed *seed) {
    int binding = seed->binding;
    slot.host = seed->host;
    slot.setup_cookie = seed->host->configuration.cookie;
    slot.index = seed->index;
    slot.shares_empty_network = seed->shares_empty_network;
    slot.cgroups = seed->cgroups;
    slot.listener = -1;
    slot.copy_layer = slot.copy_listener = -1;
    slot.sockets.local_sockets = -1;
    prctl(PR_SET_NAME, "mayfly-slot");
    struct failure failure = slot_become_generic(seed, &binding);
    slot_bind(binding, seed->makes_overlays, failure);
    if (slot.plan.flags & CSANDBOX_SLOT_PREPARES_FIRST)
        sandbox_make();
    serve();
}
