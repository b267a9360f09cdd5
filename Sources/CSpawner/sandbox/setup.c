// SPDX-License-Identifier: Apache-2.0
// The set-up of a sandbox from clone to the blocking read. The reason for the place of each step is in its
// comment. Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/sandbox.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/// Numbers of the release socket while the sandbox waits, and of the init where it has one; its only
/// descriptors besides stdio.
enum { RELEASE_DESCRIPTOR = 3, INIT_DESCRIPTOR = SANDBOX_INIT_DESCRIPTOR };

static struct failure take_stdio(void) {
    if (slot.plan.flags & CSANDBOX_SLOT_TERMINAL)
        return sandbox_take_terminal(slot.terminal.peer);
    for (int i = 0; i < 3; i++)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_dup3, slot.pipes.function[i], i, 0)));
    return success();
}

// The sandbox itself reports that it is ready, which saves a wake-up of the slot. A sandbox that
// follows another one was announced with the end of that one.
static struct failure announce(void) {
    struct csandbox_outcome outcome = {
        .header = {.kind = CSANDBOX_SANDBOX_READY, .slot = slot.plan.header.slot},
        .sandbox = slot.number};
    int descriptors[3];
    for (int i = 0; i < 3; i++)
        descriptors[i] = slot.pipes.gateway[i];
    if (slot.plan.flags & CSANDBOX_SLOT_TERMINAL)
        descriptors[0] = descriptors[1] = slot.terminal.master;
    // Set before the call: the gateway may release the sandbox before the call returns.
    slot.is_announced = true;
    return check(CSANDBOX_STEP_SANDBOX_ANNOUNCE,
                 raw_send_to_gateway(&outcome, sizeof outcome, descriptors, 3));
}

// Closed instead of marked close-on-exec: no open folder of the host is left (CVE-2024-21626).
static struct failure keep_release_only(void) {
    bool has_init = slot.plan.flags & CSANDBOX_SLOT_INIT;
    // The release socket first: its number may be the one that the init gets.
    if (slot.release != RELEASE_DESCRIPTOR)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO,
                  SYS3(SYS_dup3, slot.release, RELEASE_DESCRIPTOR, O_CLOEXEC)));
    if (has_init)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO,
                  SYS3(SYS_dup3, slot.init, INIT_DESCRIPTOR, O_CLOEXEC)));
    unsigned first = has_init ? INIT_DESCRIPTOR + 1 : RELEASE_DESCRIPTOR + 1;
    return check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_close_range, first, ~0U, 0));
}

static struct failure set_up(void) {
    // First: if the slot died before this call, no process would kill the sandbox.
    SYS2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    TRY(sandbox_enter_root());
    // After the mounts of the root: the user decides what a volume covers.
    TRY(sandbox_mount_volumes());
    TRY(check(CSANDBOX_STEP_SANDBOX_SESSION, SYS0(SYS_setsid)));
    TRY(take_stdio());
    // After the mounts, which need capabilities, and after stdio, whose owner it changes.
    TRY(sandbox_become_user());
    // Again, because the change of ids clears it.
    SYS2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    uint64_t no_signals = 0;
    TRY(check(CSANDBOX_STEP_SANDBOX_SESSION,
              SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, NULL, sizeof no_signals)));
    slot.ready_at_ns = sandbox_now_ns();
    slot.stage = STAGE_BLOCKED;
    if (!slot.is_announced)
        TRY(announce());
    // After the announcement, which sends descriptors.
    TRY(harden_open_files());
    return keep_release_only();
}

int sandbox_main(void *unused) {
    struct failure failure = set_up();
    if (!failed(failure))
        failure = sandbox_wait_and_execute();
    slot.sandbox_failure = failure;
    return failure.step == CSANDBOX_STEP_SANDBOX_EXEC && failure.error != ENOENT ? 126 : 127;
}
