// SPDX-License-Identifier: Apache-2.0
// clone(2) onto a separate stack and with the set-up cookie, for processes that share the slot's memory.
#define _GNU_SOURCE
#include "sandbox/sandbox.h"
#include "sys.h"
#include <linux/sched.h>
#include <sched.h>

// The C library's clone() does not pass the cookie. The child takes its entry and argument from the
// new stack; it exits instead of returning.
#if defined(__x86_64__)
static long clone_with_cookie(long number, long first, long second) {
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    register long r9 __asm__("r9") = setup_cookie();
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
                     : "a"(number), "D"(first), "S"(second), "d"(0), "r"(r10), "r"(r8),
                       "r"(r9), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
static long clone_with_cookie(long number, long first, long second) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = first;
    register long x1 __asm__("x1") = second;
    register long x2 __asm__("x2") = 0;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register long x5 __asm__("x5") = setup_cookie();
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

long clone_onto_stack(unsigned long flags, char *stack, size_t size, int (*entry)(void *),
                      void *argument) {
    void **top = (void **)(stack + size);
    *--top = argument;
    *--top = (void *)entry;
    return clone_with_cookie(SYS_clone, (long)flags, (long)top);
}

long clone3_onto_stack(struct clone_args *arguments, size_t arguments_size, char *stack,
                       size_t size, int (*entry)(void *), void *argument) {
    void **top = (void **)(stack + size);
    *--top = argument;
    *--top = (void *)entry;
    arguments->stack = (uint64_t)(uintptr_t)stack;
    arguments->stack_size = size - 2 * sizeof *top;
    return clone_with_cookie(SYS_clone3, (long)arguments, (long)arguments_size);
}
