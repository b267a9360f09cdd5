// SPDX-License-Identifier: Apache-2.0
// Signals and messages that every process of this program uses in the same way.
#define _GNU_SOURCE
#include "processes/process.h"
#include "csandbox_channel.h"
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(void) {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void signals_drain(int signals) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) > 0)
        ;
}

int outcome_send(int socket, uint32_t kind, uint32_t slot, struct failure failure) {
    struct csandbox_outcome message = {
        .header = {.kind = kind, .slot = slot}, .step = failure.step, .error = failure.error};
    return csandbox_send(socket, &message, sizeof message, NULL, 0);
}

int started_send(int socket, pid_t spawner, struct failure failure) {
    struct csandbox_started message = {.header = {.kind = CSANDBOX_STARTED},
                                       .pid = spawner,
                                       .step = failure.step,
                                       .error = failure.error};
    return csandbox_send(socket, &message, sizeof message, NULL, 0);
}
