// SPDX-License-Identifier: Apache-2.0
// A sandbox's process between clone and execve. It shares the slot's memory, so what it calls makes raw system calls
// only.
#pragma once
#include "slot/slot.h"

/// clone.c: a process on a stack of its own, whose entry may use raw calls only. Returns
/// its id or -errno.
long clone_onto_stack(unsigned long flags, char *stack, size_t size, int (*entry)(void *),
                      void *argument);

/// start.c, the slot's: the pipes of the sandbox that is started next, unless they are there.
struct failure sandbox_next_pipes(void);
/// start.c, the slot's: the gateway has got its ends of them.
void sandbox_next_announced(void);
/// start.c, the slot's: makes the sandbox process. Returns when it runs, not when it is
/// ready.
struct failure sandbox_start(void);
/// start.c, the slot's: call once, before the filter is attached.
struct failure sandbox_prepare(void);

/// setup.c: entry of the sandbox process.
int sandbox_main(void *unused);
/// enter_root.c: moves the sandbox into the root, with a /proc of its own.
struct failure sandbox_enter_root(void);
/// volumes.c: what the plan mounts.
struct failure sandbox_mount_volumes(void);
/// interpreter.c: what a file asks for that cannot be found itself, for the exit message.
void sandbox_find_missing_interpreter(const char *path);
/// terminal.c: opens a terminal of the sandbox's own; then makes it the
/// controlling one.
struct failure sandbox_open_terminal(void);
struct failure sandbox_take_terminal(void);
/// masks.c
struct failure sandbox_mask_proc(void);
/// masks.c, the slot's: which entries of the list this kernel has.
uint32_t masks_present(void);
/// identity.c: in a slot that rests, what it takes to make a network
/// namespace is kept; then that is used and given up. Nothing may be executed in
/// between.
struct failure sandbox_become_user(void);
struct failure sandbox_leave_rest(void);
/// exec.c: waits for the release message and executes; returns only on
/// failure.
struct failure sandbox_wait_and_execute(void);
/// exec.c: CLOCK_MONOTONIC, asked without the C library.
int64_t sandbox_now_ns(void);
