// SPDX-License-Identifier: Apache-2.0
// One network namespace, with loopback only, for all slots that have served no call yet. No function runs in
// it (sandbox/identity.c). A network namespace of its own is almost half of the cost of an idle sandbox.
// Where it cannot be created, every slot has its own.
#define _GNU_SOURCE
#include "network/network.h"
#include "mounts/mounts.h"
#include "processes/spawner.h"
#include "sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/// The answer of the process that creates it.
struct made {
    struct failure failure;
    bool has_sys;
};

// The process shares the spawner's mount namespace; only its network namespace is new.
static _Noreturn void make_and_wait(int answer) {
    struct made made = {.failure =
                            check(CSANDBOX_STEP_SLOT_UNSHARE, SYS1(SYS_unshare, CLONE_NEWNET))};
    if (!failed(made.failure))
        made.failure = loopback_up();
    if (!failed(made.failure))
        made.failure = empty_network_sys_make(&made.has_sys);
    if (write(answer, &made, sizeof made) != sizeof made)
        _exit(1);
    for (;;)
        pause();
}

static int open_network_of(pid_t process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", process);
    return open(path, O_RDONLY | O_CLOEXEC);
}

// In a separate process: without privileges over the host the spawner could not return to the
// host's network namespace.
void empty_network_open(void) {
    spawner.empty_network = -1;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    pid_t process = fork();
    if (process == 0)
        make_and_wait(ends[1]);
    close(ends[1]);
    struct made made;
    bool is_made =
        process > 0 && read(ends[0], &made, sizeof made) == sizeof made && !failed(made.failure);
    close(ends[0]);
    if (is_made) {
        spawner.empty_network = open_network_of(process);
        spawner.empty_network_has_sys = made.has_sys;
    }
    if (process > 0) {
        kill(process, SIGKILL);
        waitpid(process, NULL, 0);
    }
}
