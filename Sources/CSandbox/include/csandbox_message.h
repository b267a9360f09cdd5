// SPDX-License-Identifier: Apache-2.0
// Kinds and header of all messages, and the two shapes that several kinds share.
#pragma once
#include "csandbox_bounds.h"
#include "csandbox_steps.h"
#include <stdint.h>

/// Raised whenever a struct below changes: the helper of another build refuses the configuration.
#define CSANDBOX_PROTOCOL_VERSION 19u

enum csandbox_kind {
    // gateway to supervisor; one descriptor: the new spawner's end of its socket
    CSANDBOX_CONFIGURE = 1,
    // supervisor to gateway
    CSANDBOX_STARTED,
    CSANDBOX_ENDED,
    // spawner to gateway
    CSANDBOX_READY,
    CSANDBOX_SLOT_FAILED,
    CSANDBOX_SLOT_GONE,
    // gateway to spawner
    CSANDBOX_MAKE_SLOT,
    CSANDBOX_KILL_SLOT,
    // gateway to slot
    CSANDBOX_MAKE_SANDBOX,
    CSANDBOX_SIGNAL,
    // slot to gateway; three descriptors that do not block with READY, and with EXIT
    // those of the next sandbox: stdin (write), stdout (read), stderr (read); with a
    // terminal its master for the first two
    CSANDBOX_SLOT_READY,
    CSANDBOX_SANDBOX_READY,
    CSANDBOX_SANDBOX_FAILED,
    CSANDBOX_SANDBOX_EXIT,
    // gateway to PID 1 of the sandbox, which reads it at the end of its set-up
    CSANDBOX_RELEASE,
    // gateway to spawner: start spare slots ahead of demand, `value` of them
    CSANDBOX_SPARE,
    // gateway to supervisor: load the firewall's table; the answer is an outcome of the same kind
    CSANDBOX_FIREWALL,
    // gateway to supervisor: a folder or file of the host as a tree that can be mounted. One
    // descriptor: the socket for the answer, an outcome of the same kind with the tree
    CSANDBOX_OPEN_TREE,
    // slot to spawner, and the answer: csandbox_overlay with its trees
    CSANDBOX_MAKE_OVERLAY,
    // gateway to warden, once, before it gives up its privileges; the answer is an
    // outcome of the same kind
    CSANDBOX_PIN,
    // gateway to warden; one descriptor: a new supervisor's socket
    CSANDBOX_SUPERVISE,
    // gateway to warden; one descriptor: a new worker's socket, on which the
    // answer comes too, an outcome of the same kind
    CSANDBOX_WORK,
    CSANDBOX_KILL_SUPERVISORS, // gateway to warden: for supervisors that do not answer
    CSANDBOX_PING,             // gateway to spawner, and back: whether it still serves
    // gateway to slot: an invocation uses the started sandbox from now on; `value` is not 0 when
    // the slot makes its next sandbox as soon as this one has ended
    CSANDBOX_ASSIGN,
    // gateway to slot: a socket in the sandbox's network namespace, connected or listening; the
    // answer is of the same kind, with one descriptor unless it failed
    CSANDBOX_DIAL,
    CSANDBOX_LISTEN,
    // gateway to warden, before PIN: the path of a file that OPEN_FILE opens later; the answer is
    // an outcome of the same kind
    CSANDBOX_PIN_FILE,
    // gateway to warden; one descriptor: the socket for the answer, an outcome of the same kind
    // with the file
    CSANDBOX_OPEN_FILE,
    // gateway to a slot with TEMPLATE, once; a release message for the template follows at once. From
    // TEMPLATE_READY on, each MAKE_SANDBOX is answered with a copy, whose program has started already
    CSANDBOX_MAKE_TEMPLATE,
    // slot to gateway, csandbox_template_answer; after FAILED the slot makes no sandbox
    CSANDBOX_TEMPLATE_READY,
    CSANDBOX_TEMPLATE_FAILED,
    // gateway to slot: a file in the sandbox's root, before its release or after its end; the answer
    // is of the same kind, with one descriptor unless it failed
    CSANDBOX_OPEN_IN_ROOT,
    // gateway to slot: the sandbox's root stays after its end, until the slot makes another or ends
    CSANDBOX_HOLD_ROOT,
    // gateway to slot, and the answer: what the sandbox's processes use now
    CSANDBOX_USAGE,
    // gateway to spawner: stops (`value` 1) or continues (0) all processes of a slot; the answer is an
    // outcome of the same kind
    CSANDBOX_FREEZE,
    // gateway to slot, csandbox_enter with its strings: another process in the running sandbox. The
    // answer is of the same kind, with four descriptors unless it failed: those of its stdio as with
    // SANDBOX_READY, and a pipe that ends when it has executed, or else contains a
    // csandbox_enter_failure
    CSANDBOX_ENTER,
    // gateway to slot: a signal for such a process
    CSANDBOX_ENTERED_SIGNAL,
    // slot to gateway: the end of such a process, csandbox_entered_exit; before that of the sandbox.
    // A process whose failure is in the pipe may have none
    CSANDBOX_ENTERED_EXIT,
    // gateway to a slot with HOSTS: the links of the running sandbox from now on, in place of those that it
    // has; the answer is of the same kind, without a descriptor
    CSANDBOX_LINK,
};

/// Every message begins with this.
struct csandbox_header {
    uint32_t kind;
    uint32_t slot;
};

/// KILL_SLOT, MAKE_SANDBOX, HOLD_ROOT: value unused. MAKE_TEMPLATE: the port where the program serves, 0 for
/// standard input, negative: the port of 127.0.0.1 where it asks for its request. SIGNAL, ENTERED_SIGNAL: the signal's number.
/// OPEN_FILE: `slot` is the file's number, from 0 on. SPARE: a count. FREEZE: 1 or 0. ASSIGN: whether the next sandbox is prepared.
struct csandbox_command {
    struct csandbox_header header;
    int32_t value;
    /// SIGNAL, ASSIGN, HOLD_ROOT: the number of the sandbox in its slot; the slot ignores an order for
    /// another sandbox. ENTERED_SIGNAL: the number of the process.
    uint32_t sandbox;
};

/// SLOT_READY, SANDBOX_READY, SLOT_FAILED, SANDBOX_FAILED.
struct csandbox_outcome {
    struct csandbox_header header;
    uint32_t step;
    int32_t error;
    /// SANDBOX_READY: its number in its slot, from 1 on.
    uint32_t sandbox;
};
