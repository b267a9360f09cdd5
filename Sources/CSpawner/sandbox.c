// SPDX-License-Identifier: Apache-2.0
// Makes the process that becomes a sandbox. It shares memory with the slot
// (CLONE_VM), which saves the copy of page tables; it runs on a stack of its
// own and executes before any foreign code runs.
#define _GNU_SOURCE
#include "slot.h"
#include "sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

static char stack[SANDBOX_STACK_BYTES] __attribute__((aligned(16)));

// The C library's clone() knows nothing of the cookie, so the call is made
// here. The child pops its entry from the new stack; it never returns from it.
#if defined(__x86_64__)
static long clone_with_cookie(unsigned long flags, void **top) {
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    register long r9 __asm__("r9") = (long)setup_cookie;
    long result;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "pop %%rax\n\t"
                     "pop %%rdi\n\t"
                     "call *%%rax\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone), "D"(flags), "S"(top), "d"(0), "r"(r10), "r"(r8),
                       "r"(r9), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
static long clone_with_cookie(unsigned long flags, void **top) {
    register long x8 __asm__("x8") = SYS_clone;
    register long x0 __asm__("x0") = (long)flags;
    register long x1 __asm__("x1") = (long)top;
    register long x2 __asm__("x2") = 0;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register long x5 __asm__("x5") = (long)setup_cookie;
    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "ldp x1, x0, [sp], #16\n\t"
                     "blr x1\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc 0\n\t"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), [exit] "i"(SYS_exit)
                     : "x30", "memory", "cc");
    return x0;
}
#endif

static long clone_onto_stack(unsigned long flags, int (*entry)(void *)) {
    void **top = (void **)(stack + sizeof stack);
    *--top = NULL;
    *--top = (void *)entry;
    return clone_with_cookie(flags, top);
}

static const struct stdio_pipes no_pipes = {{-1, -1, -1}, {-1, -1, -1}};

static void close_all(const int *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

static void close_pipes(const struct stdio_pipes *pipes) {
    close_all(pipes->function, 3);
    close_all(pipes->gateway, 3);
}

// Index 0 is read by the function, 1 and 2 are written by it.
static struct failure make_pipe(struct stdio_pipes *pipes, int i) {
    int ends[2];
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_PIPES, pipe2(ends, O_CLOEXEC | O_NONBLOCK)));
    pipes->function[i] = ends[i == 0 ? 0 : 1];
    pipes->gateway[i] = ends[i == 0 ? 1 : 0];
    // The gateway must not wait for a function, but a function may for the gateway.
    return check_errno(CSANDBOX_STEP_SANDBOX_PIPES, fcntl(pipes->function[i], F_SETFL, 0));
}

struct failure sandbox_next_pipes(void) {
    struct stdio_pipes *pipes = &slot.next_pipes;
    if (pipes->function[0] >= 0)
        return fine();
    for (int i = 0; i < 3; i++) {
        struct failure failure = make_pipe(pipes, i);
        if (failed(failure)) {
            close_pipes(pipes);
            *pipes = no_pipes;
            return failure;
        }
    }
    return fine();
}

void sandbox_next_announced(void) {
    close_all(slot.next_pipes.gateway, 3);
    for (int i = 0; i < 3; i++)
        slot.next_pipes.gateway[i] = -1;
    slot.is_announced = true;
}

struct failure sandbox_prepare(void) {
    slot.root.mounts = -1;
    slot.next_pipes = no_pipes;
    slot.proc = open("/base/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_SLOT_TEMPLATE, slot.proc));
    return mount_namespace_of_now(&slot.own_mounts);
}

// One that nobody has used: those that come after a sandbox of a slot that rested, whose
// own ended with it, share one, and so do those after one that has used theirs. An
// interface to the outside stays: only the spawner can make it.
static struct failure network_ready(void) {
    bool is_used = slot.rests || sockets_used_network();
    if (slot.stage != STAGE_RELEASED || !is_used || slot.plan.flags & CSANDBOX_SLOT_EGRESS)
        return fine();
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, SYS1(SYS_unshare, CLONE_NEWNET)));
    TRY(loopback_up());
    slot.rests = false;
    return fine();
}

struct failure sandbox_start(void) {
    TRY(network_ready());
    TRY(root_ready(&slot.root));
    TRY(sandbox_next_pipes());
    sockets_forget();
    slot.missing_interpreter[0] = 0;
    slot.pipes = slot.next_pipes;
    slot.next_pipes = no_pipes;
    slot.number++;
    slot.stage = STAGE_SETTING_UP;
    slot.sandbox_failure = fine();
    slot.ready_at_ns = slot.exec_at_ns = 0;
    slot.is_followed = false;
    bool is_called = slot.is_announced;
    long pid = clone_onto_stack(CLONE_VM | CLONE_NEWPID | SIGCHLD, sandbox_main);
    // Descriptors are copied, not shared: the slot's own copies can be closed at
    // once. Their numbers are shared, and the sandbox reads them.
    close_pipes(&slot.pipes);
    TRY(check(CSANDBOX_STEP_SANDBOX_CLONE, pid));
    slot.sandbox = (pid_t)pid;
    // Ahead of the call that ends with them, in a slot that is called; what cannot be
    // made now is tried again then.
    if (is_called)
        sandbox_next_pipes();
    return fine();
}
