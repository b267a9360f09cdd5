// SPDX-License-Identifier: Apache-2.0
// The set-up of a sandbox from clone to the blocking read. The reason for the place of each step is in its
// comment. Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/sandbox.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/// Number of the release socket while the sandbox waits; its only descriptor besides stdio.
enum { RELEASE_DESCRIPTOR = 3 };

static struct failure take_stdio(void) {
    if (slot.plan.flags & CSANDBOX_SLOT_TERMINAL)
        return sandbox_take_terminal();
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
    // Set before the call: the gateway may release the sandbox before the call returns.
    slot.is_announced = true;
    return check(CSANDBOX_STEP_SANDBOX_ANNOUNCE,
                 SYS3(SYS_sendmsg, slot.control, &message, MSG_NOSIGNAL));
}

// Closed instead of marked close-on-exec: no open folder of the host is left (CVE-2024-21626).
static struct failure keep_release_only(void) {
    if (slot.release != RELEASE_DESCRIPTOR)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO,
                  SYS3(SYS_dup3, slot.release, RELEASE_DESCRIPTOR, O_CLOEXEC)));
    return check(CSANDBOX_STEP_SANDBOX_STDIO,
                 SYS3(SYS_close_range, RELEASE_DESCRIPTOR + 1, ~0U, 0));
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
