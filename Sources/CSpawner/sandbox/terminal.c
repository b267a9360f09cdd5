// SPDX-License-Identifier: Apache-2.0
// A terminal instead of pipes. Its other end is opened through the descriptor: a name in /dev/pts could lead
// elsewhere (CVE-2025-52565). Raw calls only.
#define _GNU_SOURCE
#include "sandbox/sandbox.h"
#include "sys.h"
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/openat2.h>

struct failure sandbox_open_terminal(struct terminal *terminal) {
    int unlock = 0;
    // As with pipes, the gateway's end does not block. The program of a running sandbox cannot lead
    // elsewhere: no link is followed, and only a devpts has the terminals' call.
    struct open_how how = {.flags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_NO_SYMLINKS};
    long master = SYS4(SYS_openat2, AT_FDCWD, "/dev/pts/ptmx", &how, sizeof how);
    TRY(check(CSANDBOX_STEP_SANDBOX_TERMINAL, master));
    terminal->master = (int)master;
    TRY(check(CSANDBOX_STEP_SANDBOX_TERMINAL, SYS3(SYS_ioctl, master, TIOCSPTLCK, &unlock)));
    long peer = SYS3(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    terminal->peer = (int)peer;
    return check(CSANDBOX_STEP_SANDBOX_TERMINAL, peer);
}

struct failure sandbox_take_terminal(int peer) {
    for (int i = 0; i < 3; i++)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_dup3, peer, i, 0)));
    return sandbox_control_terminal();
}

// Must follow setsid: only the leader of a session without a terminal can take one.
struct failure sandbox_control_terminal(void) {
    return check(CSANDBOX_STEP_SANDBOX_TERMINAL, SYS3(SYS_ioctl, 0, TIOCSCTTY, 0));
}
