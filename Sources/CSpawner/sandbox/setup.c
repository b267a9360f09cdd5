// SPDX-License-Identifier: Apache-2.0
// From birth to the blocking read: the sandbox's own set-up, in the order that
// its reasons demand. Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/sandbox.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/// Where the release socket is while the sandbox waits; the only descriptor
/// besides stdio.
enum { RELEASE_DESCRIPTOR = 3 };

static struct failure take_stdio(void) {
    if (slot.plan.flags & CSANDBOX_SLOT_TERMINAL)
        return sandbox_take_terminal();
    for (int i = 0; i < 3; i++)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_dup3, slot.pipes.function[i], i, 0)));
    return fine();
}

// Sent by the sandbox itself: its set-up is complete exactly now, and no
// wake-up of the slot is needed. One that follows another was announced with the
// other's end.
static struct failure announce(void) {
    struct csandbox_outcome outcome = {
        .header = {.kind = CSANDBOX_SANDBOX_READY, .slot = slot.plan.header.slot},
        .sandbox = slot.number};
    struct iovec part = {&outcome, sizeof outcome};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 3)];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int) * 3),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    int *descriptors = (int *)CMSG_DATA(&control.header);
    for (int i = 0; i < 3; i++)
        descriptors[i] = slot.pipes.gateway[i];
    if (slot.plan.flags & CSANDBOX_SLOT_TERMINAL)
        descriptors[0] = descriptors[1] = slot.terminal_master;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    // Before: the answer may be there before the call is back.
    slot.is_announced = true;
    return check(CSANDBOX_STEP_SANDBOX_ANNOUNCE,
                 SYS3(SYS_sendmsg, slot.control, &message, MSG_NOSIGNAL));
}

// Closed, not merely marked: a descriptor that is gone cannot be a way out
// (CVE-2024-21626).
static struct failure keep_release_only(void) {
    if (slot.release != RELEASE_DESCRIPTOR)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO,
                  SYS3(SYS_dup3, slot.release, RELEASE_DESCRIPTOR, O_CLOEXEC)));
    return check(CSANDBOX_STEP_SANDBOX_STDIO,
                 SYS3(SYS_close_range, RELEASE_DESCRIPTOR + 1, ~0U, 0));
}

static struct failure set_up(void) {
    // Before anything else: were the slot killed now, nobody would kill this
    // process.
    SYS2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    TRY(sandbox_enter_root());
    // After everything of our own: what they lie over is the user's decision.
    TRY(sandbox_mount_volumes());
    TRY(check(CSANDBOX_STEP_SANDBOX_SESSION, SYS0(SYS_setsid)));
    TRY(take_stdio());
    // After the mounts, which need the capabilities.
    TRY(sandbox_become_user());
    // Cleared by the change of ids.
    SYS2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    uint64_t no_signals = 0;
    TRY(check(CSANDBOX_STEP_SANDBOX_SESSION,
              SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, NULL, sizeof no_signals)));
    slot.ready_at_ns = sandbox_now_ns();
    slot.stage = STAGE_BLOCKED;
    if (!slot.is_announced)
        TRY(announce());
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
