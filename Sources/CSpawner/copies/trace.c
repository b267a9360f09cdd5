// SPDX-License-Identifier: Apache-2.0
// Stops of traced processes, each waited for within a bound, and calls of the stopped template.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "processes/process.h"
#include "slot/slot.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

// SIGCHLD announces every stop. A process in an uninterruptible call does not stop: then the time is
// up.
struct failure trace_wait(pid_t process, int *status) {
    int64_t end = facts_now_ns() + TEMPLATE_STOP_MS * 1000000LL;
    for (;;) {
        pid_t found = wait4(process, status, WNOHANG | __WALL, NULL);
        if (found < 0)
            return check_errno(CSANDBOX_STEP_TEMPLATE_STOP, -1);
        if (found == process)
            return WIFSTOPPED(*status) ? success()
                                       : (struct failure){CSANDBOX_STEP_TEMPLATE_STOP, ECHILD};
        int64_t left = (end - facts_now_ns()) / 1000000;
        if (left <= 0)
            return (struct failure){CSANDBOX_STEP_TEMPLATE_STOP, ETIMEDOUT};
        struct pollfd source = {.fd = slot.signals, .events = POLLIN};
        poll(&source, 1, (int)left);
        signals_drain(slot.signals);
    }
}

// Stops that were on their way come before the end.
void trace_end(pid_t process) {
    int status;
    kill(process, SIGKILL);
    while (!failed(trace_wait(process, &status)))
        ;
}

#if defined(__x86_64__)
static struct failure to_next_stop(void) {
    int status;
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_CODE, ptrace(PTRACE_SYSCALL, template.process, 0, 0)));
    TRY(trace_wait(template.process, &status));
    // With PTRACE_O_TRACESYSGOOD; anything else is an event that the slot did not cause.
    return status >> 8 == (SIGTRAP | 0x80) ? success()
                                           : (struct failure){CSANDBOX_STEP_TEMPLATE_CODE, EINTR};
}

// At the instruction of the program's own read: it executes no other of the program's.
struct failure trace_call(long number, const uint64_t arguments[6], long *result) {
    struct user_regs_struct registers = template.script.registers;
    registers.rip = template.script.instruction;
    registers.rax = (uint64_t)number;
    registers.orig_rax = -1ULL;
    registers.rdi = arguments[0];
    registers.rsi = arguments[1];
    registers.rdx = arguments[2];
    registers.r10 = arguments[3];
    registers.r8 = arguments[4];
    registers.r9 = arguments[5];
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_CODE,
                    ptrace(PTRACE_SETREGS, template.process, 0, &registers)));
    TRY(to_next_stop());
    TRY(to_next_stop());
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_CODE,
                    ptrace(PTRACE_GETREGS, template.process, 0, &registers)));
    if (registers.rip != template.script.instruction + 2)
        return (struct failure){CSANDBOX_STEP_TEMPLATE_CODE, EFAULT};
    *result = (long)registers.rax;
    return check(CSANDBOX_STEP_TEMPLATE_CODE, *result);
}
#endif
