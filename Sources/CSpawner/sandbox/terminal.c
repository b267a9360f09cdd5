// SPDX-License-Identifier: Apache-2.0
// A terminal instead of pipes. Its other end is opened through the descriptor: a name in /dev/pts could lead
// elsewhere (CVE-2025-52565). Raw calls only.
#define _GNU_SOURCE
#include "sandbox/sandbox.h"
#include "sys.h"
#include <asm/ioctls.h>
#include <fcntl.h>

struct failure sandbox_open_terminal(void) {
    int unlock = 0;
    // As with pipes, the gateway's end does not block.
    int flags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK;
    long master = SYS4(SYS_openat, AT_FDCWD, "/dev/pts/ptmx", flags, 0);
    TRY(check(CSANDBOX_STEP_SANDBOX_TERMINAL, master));
    slot.terminal_master = (int)master;
    TRY(check(CSANDBOX_STEP_SANDBOX_TERMINAL, SYS3(SYS_ioctl, master, TIOCSPTLCK, &unlock)));
    long peer = SYS3(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    slot.terminal = (int)peer;
    return check(CSANDBOX_STEP_SANDBOX_TERMINAL, peer);
}

// Must follow setsid: only the leader of a session without a terminal can take one.
struct failure sandbox_take_terminal(void) {
    for (int i = 0; i < 3; i++)
        TRY(check(CSANDBOX_STEP_SANDBOX_STDIO, SYS3(SYS_dup3, slot.terminal, i, 0)));
    return check(CSANDBOX_STEP_SANDBOX_TERMINAL, SYS3(SYS_ioctl, 0, TIOCSCTTY, 0));
}
