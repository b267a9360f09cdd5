// SPDX-License-Identifier: Apache-2.0
// Raw system calls. A sandbox's set-up runs in a process that shares its memory
// with the slot (CLONE_VM), so it may not touch errno, locks or any other state
// of the C library: it uses only these, which return -errno.
//
// The unused sixth argument of every call carries the set-up cookie: the
// seccomp filter, attached once per slot and inherited by every sandbox, lets
// the set-up's own calls (mount, umount2, ...) pass only with it. A program
// after execve does not know the cookie, and has no capability to make
// use of it either.
#pragma once
#include <stdint.h>
#include <sys/syscall.h>

/// The state of a slot's process (slot/slot.h). Its first member is the cookie, which is 0 in the
/// processes above a slot.
struct slot;
extern struct slot slot;
static inline long setup_cookie(void) { return *(const long *)(const void *)&slot; }

static inline long sys6(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
#error "only x86_64 and aarch64"
#endif
}

#define SYS5(n, a, b, c, d, e)                                                                     \
    sys6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), setup_cookie())
#define SYS4(n, a, b, c, d) SYS5(n, a, b, c, d, 0)
#define SYS3(n, a, b, c) SYS4(n, a, b, c, 0)
#define SYS2(n, a, b) SYS3(n, a, b, 0)
#define SYS1(n, a) SYS2(n, a, 0)
#define SYS0(n) SYS1(n, 0)

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
