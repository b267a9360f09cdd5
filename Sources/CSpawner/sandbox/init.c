// SPDX-License-Identifier: Apache-2.0
// PID 1 of a container that asks for an init: this program, executed again from its sealed memory file with the
// container's user, capabilities and filter. It starts the container's program as its child, passes signals on
// to it, and waits for processes whose parents have ended. It ends as the program does.
#define _GNU_SOURCE
#include "sandbox/init.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// As shells have them: a signal's number is added to the first.
enum { SIGNALLED = 128, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

// Faults of this program itself end it; everything else is the program's.
static void block_signals(sigset_t *passed) {
    static const int faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
    sigfillset(passed);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(passed, faults[i]);
    sigprocmask(SIG_SETMASK, passed, NULL);
}

// A process group of its own, and in the foreground of a terminal: Ctrl-C reaches the program once, from the
// terminal. Without a terminal tcsetpgrp fails, which changes nothing. SIGTTOU, which it would send, is blocked.
static void become_foreground(void) {
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
}

static int start_program(char **arguments, char **environment) {
    sigset_t none;
    become_foreground();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i <= CSANDBOX_POINTERS_MAX; i++) {
        slot.pointers[i] = arguments[i];
        if (!arguments[i])
            break;
    }
    long result = sandbox_execute((const char **)environment);
    fprintf(stderr, "init: cannot execute '%s': %s\n", arguments[0], strerror((int)-result));
    return result == -ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

// Waits for all that have ended. Returns whether the program is one of them, with its status.
static bool reap(pid_t program, int *status) {
    bool has_ended = false;
    for (;;) {
        int one = 0;
        pid_t pid = waitpid(-1, &one, WNOHANG);
        if (pid <= 0)
            return has_ended;
        if (pid == program) {
            *status = one;
            has_ended = true;
        }
    }
}

static int follow(pid_t program, const sigset_t *passed) {
    for (;;) {
        int number = 0, status = 0;
        if (sigwait(passed, &number) != 0)
            continue;
        if (number != SIGCHLD) {
            kill(program, number);
            continue;
        }
        if (reap(program, &status))
            return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
    }
}

int init_main(char **arguments, char **environment) {
    // No process of the container can look into this one or exchange what it executes.
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, INIT_NAME);
    sigset_t passed;
    block_signals(&passed);
    pid_t program = fork();
    if (program < 0) {
        fprintf(stderr, "init: cannot start '%s': %s\n", arguments[1], strerror(errno));
        return NOT_EXECUTABLE;
    }
    if (program == 0)
        _exit(start_program(arguments + 1, environment));
    return follow(program, &passed);
}
