// SPDX-License-Identifier: Apache-2.0
// The code that a copy runs before it continues as the program: it makes the calls of the script, one after
// the other. It lies in a private page of the template, at any address. It uses registers only, because the
// program may have broken its stack pointer; the cookie stays in the sixth argument's register and never
// reaches memory.
#define _GNU_SOURCE
#include "copies/copies.h"
#include <stddef.h>

#if defined(__x86_64__)
// The offsets below.
_Static_assert(offsetof(struct script, instruction) == 216, "");
_Static_assert(offsetof(struct script, calls) == 224, "");
_Static_assert(sizeof(struct script) <= SCRIPT_PAGES * PAGE_BYTES, "");
_Static_assert(sizeof(struct call) == 64 && offsetof(struct call, arguments) == 8 &&
                   offsetof(struct call, loads) == 48 && offsetof(struct call, may_fail) == 52 &&
                   offsetof(struct call, result) == 56,
               "");
_Static_assert(offsetof(struct user_regs_struct, r15) == 0 &&
                   offsetof(struct user_regs_struct, r14) == 8 &&
                   offsetof(struct user_regs_struct, r13) == 16 &&
                   offsetof(struct user_regs_struct, r12) == 24 &&
                   offsetof(struct user_regs_struct, rbp) == 32 &&
                   offsetof(struct user_regs_struct, rbx) == 40 &&
                   offsetof(struct user_regs_struct, r10) == 56 &&
                   offsetof(struct user_regs_struct, r9) == 64 &&
                   offsetof(struct user_regs_struct, r8) == 72 &&
                   offsetof(struct user_regs_struct, rdx) == 96 &&
                   offsetof(struct user_regs_struct, rsi) == 104 &&
                   offsetof(struct user_regs_struct, rdi) == 112 &&
                   offsetof(struct user_regs_struct, orig_rax) == 120 &&
                   offsetof(struct user_regs_struct, rsp) == 152,
               "");

// The template enters at copy_code with the arguments of clone in place. It comes back from that call to
// int3, whether the call succeeded or not; the copy goes on to the script. rbx: the script; r12: the call;
// ebp: its loads.
#define LOAD(number, register)                                                                     \
    "  test $1 << " #number ", %bpl\n"                                                             \
    "  jz 1f\n"                                                                                    \
    "  movslq (%" #register "), %" #register "\n"                                                  \
                                             "1:\n"

__asm__(
    ".pushsection .text\n"
    ".balign 64\n"
    ".globl copy_code, copy_code_failed, copy_code_stopped, copy_code_end\n"
    "copy_code:\n"
    "  syscall\n"
    "  test %rax, %rax\n"
    "  jz .Lscript\n"
    "  int3\n"
    "copy_code_failed:\n"
    "  jmp . - 1\n"
    ".Lscript:\n"
    "  lea copy_code + 4096(%rip), %rbx\n"
    "  lea 224(%rbx), %r12\n"
    ".Lcall:\n"
    "  mov (%r12), %rax\n"
    "  cmp $-2, %rax\n"
    "  je .Lfinish\n"
    "  cmp $-1, %rax\n"
    "  je .Lstop\n"
    "  mov 48(%r12), %ebp\n"
    "  mov 8(%r12), %rdi\n"
    "  mov 16(%r12), %rsi\n"
    "  mov 24(%r12), %rdx\n"
    "  mov 32(%r12), %r10\n"
    "  mov 40(%r12), %r8\n" LOAD(0, rdi) LOAD(1, rsi) LOAD(
        2, rdx) "  syscall\n"
                "  test %rax, %rax\n"
                "  js .Lfailed\n"
                "  mov 56(%r12), %rcx\n"
                "  test %rcx, %rcx\n"
                "  jz .Lnext\n"
                "  mov %eax, (%rcx)\n"
                ".Lnext:\n"
                "  add $64, %r12\n"
                "  jmp .Lcall\n"
                ".Lfailed:\n"
                "  cmpl $0, 52(%r12)\n"
                "  jne .Lnext\n"
                "2: int3\n"
                "  jmp 2b\n"
                ".Lstop:\n"
                "  int3\n"
                "copy_code_stopped:\n"
                "  jmp .Lnext\n"
                // The registers of the program's read; rcx and r11 are any system call's to change.
                ".Lfinish:\n"
                "  mov %rbx, %rcx\n"
                "  mov 0(%rcx), %r15\n"
                "  mov 8(%rcx), %r14\n"
                "  mov 16(%rcx), %r13\n"
                "  mov 24(%rcx), %r12\n"
                "  mov 32(%rcx), %rbp\n"
                "  mov 40(%rcx), %rbx\n"
                "  mov 56(%rcx), %r10\n"
                "  mov 64(%rcx), %r9\n"
                "  mov 72(%rcx), %r8\n"
                "  mov 96(%rcx), %rdx\n"
                "  mov 104(%rcx), %rsi\n"
                "  mov 112(%rcx), %rdi\n"
                "  mov 120(%rcx), %rax\n"
                "  mov 152(%rcx), %rsp\n"
                "  mov 216(%rcx), %r11\n"
                "  jmp *%r11\n"
                "copy_code_end:\n"
                ".popsection\n");
#endif
